import { type Caller, type Clock, MadError, type TaskStatus, type TaskView } from '@mad-group/protocol';
import type { OfflineContext } from './rule.ts';
import { asksAboutTasks } from './task-question.ts';
import type { TimeWindow } from './time-window.ts';

/** What the rules read of the task store, with the caller's eyes. */
export interface TaskFacts {
  /** Null, or MadError `not_found`, where there is no such task. */
  get(taskId: string, caller: Caller): Promise<TaskView | null> | TaskView | null;
  /** Newest first, at most 1,000. */
  list(
    filter: { status?: TaskStatus; limit: number },
    caller: Caller,
  ): Promise<readonly TaskView[]> | readonly TaskView[];
  readonly clock?: Clock;
}

/** Longest list that the store gives. */
export const MAX_LIST = 1000;
/** So many are read at least: questions among them come last. */
const MIN_READ = 100;

interface Found {
  readonly tasks: TaskView[];
  /** There are no more than these. */
  readonly complete: boolean;
}

export interface TaskSearch {
  /** Newest first, without the one that asks; questions about tasks stand behind all others. */
  tasksOf(
    statuses: readonly TaskStatus[],
    limit: number,
    window: TimeWindow | null,
    context: OfflineContext,
  ): Promise<Found>;
  find(taskId: string, caller: Caller): Promise<TaskView | null>;
  /** Those among the newest 1,000 whose id begins so. */
  beginningWith(piece: string, context: OfflineContext): Promise<TaskView[]>;
}

/** Whether the task is itself a question about tasks, as the one that asks. */
export const isQuestion = (task: TaskView): boolean => asksAboutTasks(task.prompt);

export function createTaskSearch({ get, list }: TaskFacts): TaskSearch {
  return {
    async tasksOf(statuses, limit, window, { caller, taskId }) {
      const fetched = window === null ? Math.min(MAX_LIST, Math.max(MIN_READ, limit + 1)) : MAX_LIST;
      const asked: { status?: TaskStatus }[] =
        statuses.length === 0 ? [{}] : statuses.map((status) => ({ status }));
      const lists = await Promise.all(asked.map((filter) => list({ ...filter, limit: fetched }, caller)));
      const tasks = lists
        .flat()
        .filter((task) => task.task_id !== taskId)
        .filter(({ created_at }) => {
          const createdMs = Date.parse(created_at);
          return window === null || (createdMs >= window.fromMs && createdMs < window.toMs);
        })
        .sort((a, b) => b.created_at.localeCompare(a.created_at))
        .map((task) => ({ task, question: isQuestion(task) }))
        .sort((a, b) => Number(a.question) - Number(b.question))
        .map(({ task }) => task);
      return { tasks: tasks.slice(0, limit), complete: lists.every((some) => some.length < MAX_LIST) };
    },
    async find(taskId, caller) {
      try {
        return await get(taskId, caller);
      } catch (error) {
        if (error instanceof MadError && error.code === 'not_found') return null;
        throw error;
      }
    },
    async beginningWith(piece, { caller, taskId }) {
      const tasks = await list({ limit: MAX_LIST }, caller);
      return tasks.filter((task) => task.task_id !== taskId && task.task_id.toLowerCase().startsWith(piece));
    },
  };
}
