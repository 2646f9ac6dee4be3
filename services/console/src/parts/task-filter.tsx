import { usePage } from '../page.ts';
import { hrefTo } from '../state/route.ts';
import {
  type TaskFilter as Filter,
  TASK_STATES,
  type TaskState,
  taskFilterFrom,
  taskQuery,
} from '../state/task-filter.ts';
import { TASK_MADS, type TaskMad } from '../state/tasks.ts';

const WORDS: Readonly<Record<TaskState, string>> = {
  open: 'Under way',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

/** Which tasks are shown. The address holds it, with the one that is open. */
export function TaskFilter() {
  const { route } = usePage();
  const filter = taskFilterFrom(route.value.query);

  function change(changes: Partial<Filter>): void {
    window.location.replace(hrefTo('tasks', route.peek().path, taskQuery({ ...filter, ...changes })));
  }

  return (
    <search class="toolbar">
      <label>
        <span class="hidden">State</span>
        <select
          value={filter.state ?? ''}
          onChange={(event) => change({ state: (event.currentTarget.value || null) as TaskState | null })}
        >
          <option value="">All states</option>
          {TASK_STATES.map((state) => (
            <option key={state} value={state}>
              {WORDS[state]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="hidden">MAD</span>
        <select
          value={filter.mad ?? ''}
          onChange={(event) => change({ mad: (event.currentTarget.value || null) as TaskMad | null })}
        >
          <option value="">All MADs</option>
          {TASK_MADS.map((mad) => (
            <option key={mad} value={mad}>
              {mad}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}
