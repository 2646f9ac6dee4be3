import { useEffect } from 'preact/hooks';
import { ago, clip, count, counted, duration } from '../format.ts';
import { usePage } from '../page.ts';
import { ConditionPill } from '../parts/condition.tsx';
import { Empty, Loading, Problem } from '../parts/messages.tsx';
import { TaskDetail } from '../parts/task-detail.tsx';
import { TaskFilter } from '../parts/task-filter.tsx';
import { hrefTo } from '../state/route.ts';
import { matchesTask, taskFilterFrom, taskQuery } from '../state/task-filter.ts';
import { hasEnded } from '../state/task-model.ts';
import { TASK_MADS, type Task, type TaskMad } from '../state/tasks.ts';

/** The caller's tasks, and one of them as it works. */
export function TasksView() {
  const { console, route } = usePage();
  const { tasks } = console;
  const [madName, taskId] = route.value.path;
  const mad = TASK_MADS.find((name) => name === madName);
  const chosen = mad && taskId ? { mad, taskId } : null;

  useEffect(() => void tasks.load(), [tasks]);

  const list = tasks.list.value;
  const filter = taskFilterFrom(route.value.query);
  const query = taskQuery(filter);
  const isFiltered = Object.keys(query).length > 0;
  const shown = list.filter((task) => matchesTask(filter, task));
  const running = list.filter(({ status }) => !hasEnded(status)).length;

  return (
    <div class={`tasks ${chosen ? 'has-detail' : ''}`}>
      <div class="tasks-list">
        <div class="view-head">
          <h1>Tasks</h1>
          <p class="summary">
            {counted(running, 'task')} under way{console.session.lacks('admin') === null ? '' : ', yours'}
            {isFiltered && `; ${count(shown.length)} shown of the ${counted(list.length, 'newest task')}`}
          </p>
        </div>
        {list.length > 0 && <TaskFilter />}
        {[...tasks.problems.value].map(([name, words]) => (
          <Problem
            key={name}
            words={`The tasks of ${name} cannot be listed: ${words}`}
            onRetry={() => void tasks.load()}
          />
        ))}
        {list.length === 0 && tasks.loading.value && <Loading what="Reading the tasks" />}
        {list.length === 0 && !tasks.loading.value && tasks.problems.value.size === 0 && (
          <Empty title="No tasks yet">
            <a href={hrefTo('ask')}>Ask Fiedler or Rogers something</a>, and it is a task here.
          </Empty>
        )}
        <ul class="task-rows" aria-label="Tasks, newest first">
          {shown.map((task) => (
            <TaskRow key={task.task_id} task={task} isOn={task.task_id === taskId} query={query} />
          ))}
        </ul>
        {list.length > 0 && shown.length === 0 && (
          <Empty title="No task is of this kind">
            <a href={hrefTo('tasks', route.value.path)}>Show all</a>
            {tasks.hasOlder.value && ', or look among the older ones.'}
          </Empty>
        )}
        {tasks.hasOlder.value && (
          <button
            type="button"
            class="older"
            onClick={() => void tasks.loadOlder()}
            disabled={tasks.loading.value}
          >
            {tasks.loading.value ? 'Reading …' : 'Older tasks'}
          </button>
        )}
      </div>
      {chosen && <TaskDetail key={chosen.taskId} {...chosen} />}
    </div>
  );
}

function TaskRow({
  task,
  isOn,
  query,
}: {
  task: Task & { mad: TaskMad };
  isOn: boolean;
  /** The filter, which stays. */
  query: Record<string, string>;
}) {
  const { console } = usePage();
  const nowMs = console.now.value;
  const createdMs = Date.parse(task.created_at);
  const endMs = task.finished_at === null ? nowMs : Date.parse(task.finished_at);
  return (
    <li>
      <a
        class="task-row"
        href={hrefTo('tasks', [task.mad, task.task_id], query)}
        aria-current={isOn ? 'true' : undefined}
        data-task={task.task_id}
      >
        <ConditionPill condition={task.status} />
        <span class="prompt">{clip(task.prompt, 160)}</span>
        <span class="meta">
          {task.mad} · {ago(nowMs - createdMs)} · {duration(Math.max(0, endMs - createdMs))}
          {task.owner === ownName(console) ? '' : ` · of ${task.owner}`}
        </span>
      </a>
    </li>
  );
}

function ownName(console: ReturnType<typeof usePage>['console']): string | null {
  const { value } = console.session.state;
  return value.state === 'in' ? value.session.caller : null;
}
