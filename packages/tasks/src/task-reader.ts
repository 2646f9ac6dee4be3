import {
  type Caller,
  hasScope,
  MadError,
  owns,
  type TaskEvent,
  type TaskStatus,
  type TaskView,
} from '@mad-group/protocol';
import type { EventNotifier } from './event-notifier.ts';
import { MAX_PAGE_CHARS } from './page-size.ts';
import type { TaskWording } from './ports.ts';
import { type StoredTask, viewTask } from './stored-task.ts';
import { hasEnded } from './task-states.ts';
import type { TaskStore } from './task-store.ts';

/** Events read at once while following a task. */
const FOLLOW_BATCH = 500;

export interface ListQuery {
  readonly status?: TaskStatus | undefined;
  readonly conversationId?: string | undefined;
  /** Default 20. */
  readonly limit?: number | undefined;
  /** `nextBefore` of the page before. */
  readonly before?: string | undefined;
}

export interface EventsQuery {
  /** Sequence number; 0 where absent. */
  readonly after?: number | undefined;
  /** Default 1,000. */
  readonly limit?: number | undefined;
  /** How long to wait for a first event, in milliseconds; 0 where absent. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EventsPage {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly events: TaskEvent[];
  readonly nextAfter: number;
  /** The task has ended, and there is nothing behind these events. */
  readonly done: boolean;
}

export interface TaskReader {
  /** @throws MadError `not_found` where there is none, or it is someone else's */
  find(taskId: string, caller: Caller): StoredTask;
  /** @throws MadError `not_found` */
  get(taskId: string, caller: Caller): TaskView;
  /** The caller's own tasks, or everyone's for `admin`; newest first. */
  list(query: ListQuery, caller: Caller): { tasks: TaskView[]; nextBefore: string | null };
  /** @throws MadError `not_found` */
  events(taskId: string, query: EventsQuery, caller: Caller): Promise<EventsPage>;
  /**
   * The task when it has ended. `onEvent` is told of each event, in order, those of before included.
   *
   * @throws the signal's reason when it aborts; the task goes on
   */
  waitForEnd(taskId: string, signal: AbortSignal, onEvent?: (event: TaskEvent) => void): Promise<StoredTask>;
}

/** Reads tasks for callers, each their own. */
export function createTaskReader(
  store: TaskStore,
  notifier: EventNotifier,
  wording: TaskWording,
): TaskReader {
  const notFound = (taskId: string): MadError => new MadError('not_found', wording.notFound(taskId));

  function find(taskId: string, caller: Caller): StoredTask {
    const task = store.get(taskId);
    if (!task || !owns(caller, task.caller.name)) throw notFound(taskId);
    return task;
  }

  return {
    find,
    get: (taskId, caller) => viewTask(find(taskId, caller), caller),
    list({ status, conversationId, limit = 20, before }, caller) {
      const owner = hasScope(caller, 'admin') ? undefined : caller.name;
      const beforeId = before === undefined ? undefined : parseCursor(before);
      const page = store.list({ owner, status, conversationId, limit, beforeId });
      return {
        tasks: page.tasks.map((task) => viewTask(task, caller)),
        nextBefore: page.nextBeforeId === null ? null : String(page.nextBeforeId),
      };
    },
    async events(taskId, { after = 0, limit = 1_000, waitMs = 0, signal }, caller) {
      const { id } = find(taskId, caller);
      const read = (): EventsPage => {
        const task = store.get(taskId);
        if (!task) throw notFound(taskId);
        const events = store.events(id, after, limit, MAX_PAGE_CHARS);
        const nextAfter = events.at(-1)?.seq ?? after;
        const done = hasEnded(task.status) && nextAfter >= task.lastSeq;
        return { taskId, status: task.status, events, nextAfter, done };
      };
      const page = read();
      if (page.events.length > 0 || page.done || waitMs === 0) return page;
      await notifier.next(id, { timeoutMs: waitMs, signal });
      return read();
    },
    async waitForEnd(taskId, signal, onEvent) {
      let after = 0;
      while (true) {
        signal.throwIfAborted();
        const task = store.get(taskId);
        if (!task) throw notFound(taskId);
        if (!onEvent && hasEnded(task.status)) return task;
        const events = onEvent ? store.events(task.id, after, FOLLOW_BATCH, MAX_PAGE_CHARS) : [];
        for (const event of events) onEvent?.(event);
        after = events.at(-1)?.seq ?? after;
        if (onEvent && after < task.lastSeq) continue;
        if (hasEnded(task.status)) return task;
        if (notifier.closed()) throw new MadError('draining', 'This instance is stopping; the task goes on.');
        await notifier.next(task.id, { signal });
      }
    },
  };
}

function parseCursor(before: string): number {
  if (/^\d{1,15}$/.test(before)) return Number(before);
  throw new MadError('invalid_input', "'before' must be the next_before of an earlier page.");
}
