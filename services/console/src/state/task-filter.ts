import { hasEnded } from './task-model.ts';
import { TASK_MADS, type Task, type TaskMad } from './tasks.ts';

export const TASK_STATES = ['open', 'completed', 'failed', 'cancelled'] as const;
/** `open`: it waits, runs or speaks. */
export type TaskState = (typeof TASK_STATES)[number];

/** Which tasks are shown, as it stands in the address; null for all. */
export interface TaskFilter {
  readonly state: TaskState | null;
  readonly mad: TaskMad | null;
}

/** What is not known restricts nothing. */
export const taskFilterFrom = (query: URLSearchParams): TaskFilter => ({
  state: TASK_STATES.find((state) => state === query.get('state')) ?? null,
  mad: TASK_MADS.find((mad) => mad === query.get('mad')) ?? null,
});

export const taskQuery = ({ state, mad }: TaskFilter): Record<string, string> => ({
  ...(state === null ? {} : { state }),
  ...(mad === null ? {} : { mad }),
});

export function matchesTask({ state, mad }: TaskFilter, task: Pick<Task, 'status' | 'mad'>): boolean {
  const own = hasEnded(task.status) ? task.status.toLowerCase() : 'open';
  return (state === null || state === own) && (mad === null || mad === task.mad);
}
