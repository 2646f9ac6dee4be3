import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { clockTime, day, utc, ZONE } from '../format.ts';
import { usePage } from '../page.ts';
import { hrefTo } from '../state/route.ts';
import { taskFilterFrom, taskQuery } from '../state/task-filter.ts';
import { hasEnded } from '../state/task-model.ts';
import type { TaskMad } from '../state/tasks.ts';
import type { ApiError } from '../wire/api.ts';
import { CancelButton } from './cancel-button.tsx';
import { ConditionPill } from './condition.tsx';
import { Fact } from './fact.tsx';
import { Loading, Problem } from './messages.tsx';
import { TaskAnnouncer, TaskFigures } from './task-end.tsx';
import { TaskWork } from './task-work.tsx';

/** One task: what was asked, and its work as it comes. */
export function TaskDetail({ mad, taskId }: { mad: TaskMad; taskId: string }) {
  const { console, route } = usePage();
  const { tasks } = console;
  const [problem, setProblem] = useState<string | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const follower = useMemo(() => tasks.follow(mad, taskId), [tasks, mad, taskId]);
  const task = tasks.list.value.find(({ task_id }) => task_id === taskId);
  const model = follower.model.value;
  const askedMs = Date.parse(task?.created_at ?? '');

  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    if (tasks.list.peek().some(({ task_id }) => task_id === taskId)) return;
    tasks.read(mad, taskId).catch((error: ApiError) => setProblem(error.message));
  }, [tasks, mad, taskId]);

  return (
    <section class="panel detail" aria-labelledby="task">
      <div class="panel-head">
        <h2 id="task" ref={heading} tabIndex={-1}>
          Task of {mad} <ConditionPill condition={model.status} />
        </h2>
        {model.seq > 0 && !hasEnded(model.status) && (
          <CancelButton mad={mad} taskId={taskId} onGone={() => heading.current?.focus()} />
        )}
        {task && (
          <a class="button small" href={hrefTo('trace', [task.correlation_id], { near: String(askedMs) })}>
            Follow it on the bus
          </a>
        )}
        <a class="button small" href={hrefTo('tasks', [], taskQuery(taskFilterFrom(route.value.query)))}>
          Close
        </a>
      </div>
      {problem !== null && <Problem words={problem} />}
      {task && <p class="asked">{task.prompt}</p>}
      {follower.problem.value !== null && problem === null && (
        <p class="note">Its events cannot be read now: {follower.problem.value}</p>
      )}
      {model.seq === 0 && problem === null ? (
        <Loading what="Reading its events" />
      ) : (
        <TaskWork task={model} />
      )}
      <p class="foot">
        <TaskFigures task={model} nowMs={console.now.value} />
      </p>
      <TaskAnnouncer task={model} name={mad} />
      {task && (
        <dl class="facts is-wide">
          <Fact name="Asked">
            <time title={utc(askedMs)}>
              {day(askedMs)}, {clockTime(askedMs)}
            </time>{' '}
            ({ZONE})
          </Fact>
          <Fact name="Owner">{task.owner}</Fact>
          <Fact name="Told when it ends">{task.requester_id}</Fact>
          <Fact name="Attempt">{model.attempt}</Fact>
          <Fact name="Task id">{taskId}</Fact>
          <Fact name="Conversation id">{task.conversation_id}</Fact>
        </dl>
      )}
    </section>
  );
}
