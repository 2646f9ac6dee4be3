import { randomUUID } from 'node:crypto';
import {
  type Caller,
  type Clock,
  type ErrorDetails,
  MadError,
  type TaskEvent,
  type TaskStatus,
  type Turn,
} from '@mad-group/protocol';
import type { TraceHeaders } from '@mad-group/protocol/tracing';
import type { Connection, StateDatabase } from './database.ts';
import { createEventLog, type NewEvent } from './event-log.ts';
import { createOutboxTable, type OutboxTable } from './outbox-table.ts';
import type { StoredTask } from './stored-task.ts';
import { createTaskQueries, type ListFilter, type TaskPage } from './task-queries.ts';
import { createTransition } from './task-transitions.ts';

export interface TaskDraft {
  readonly prompt: string;
  readonly requesterId: string;
  readonly caller: Caller;
  readonly correlationId: string;
  /** A new one where absent. */
  readonly conversationId?: string | undefined;
  /** The same key of the same caller gives the same task. */
  readonly idempotencyKey?: string | undefined;
  /** The trace that it belongs to. */
  readonly trace?: TraceHeaders | undefined;
}

/** Events of a running task that wait to be stored. */
export interface EventGroup {
  readonly task: number;
  readonly attempt: number;
  readonly events: readonly NewEvent[];
}

/** What an attempt hands over with its end: the events that are not stored yet. */
export interface AttemptEnd {
  readonly task: number;
  readonly attempt: number;
  readonly events: readonly NewEvent[];
}

export interface TaskStore {
  /**
   * Stores a new task, or finds the one of the same idempotency key. Resolves when it is on the disk.
   *
   * @param admit is told how many tasks wait, and throws where one more is too many; true claims the
   *   new task in the same commit
   * @throws MadError `conflict` where the key belongs to a task with another prompt
   */
  create(
    draft: TaskDraft,
    admit?: (waiting: number) => boolean,
  ): Promise<{ task: StoredTask; created: boolean }>;
  /** The task of this idempotency key, if there is one. */
  findByKey(owner: string, key: string): StoredTask | undefined;
  get(taskId: string): StoredTask | undefined;
  status(task: number): TaskStatus | undefined;
  list(filter: ListFilter): TaskPage;
  events(task: number, afterSeq: number, limit: number, maxChars?: number): TaskEvent[];
  /**
   * Earlier turns of the owner in the task's conversation that were completed, oldest first: the
   * newest ones that keep within 200,000 characters, and at least one.
   */
  history(task: StoredTask, maxTurns: number): Turn[];
  countByStatus(): Record<TaskStatus, number>;
  /** When the first task of the queue was made, in milliseconds since 1970; undefined where none waits. */
  oldestQueuedMs(): number | undefined;
  /** Takes the oldest waiting tasks, so many as there is room for as it commits: PENDING → RUNNING. */
  claim(room: () => number): Promise<StoredTask[]>;
  /**
   * RUNNING → STREAMING with the first token. False where the attempt is no longer this one's. Not
   * synced: after a loss of power a task begins anew from either state, as the claim's next attempt.
   */
  beginStreaming(start: AttemptEnd): Promise<boolean>;
  /** To COMPLETED, by way of RUNNING where tokens were streamed. */
  complete(end: AttemptEnd, response: string): Promise<boolean>;
  fail(end: AttemptEnd, error: ErrorDetails): Promise<boolean>;
  /** Whatever its attempt, where it has not ended yet. The waiting events are asked for as it is written. */
  cancel(task: number, waiting: () => readonly NewEvent[]): Promise<boolean>;
  /** Back to the queue, as its next attempt. Not counted as a crash. */
  requeue(end: AttemptEnd, reason: string): Promise<boolean>;
  /**
   * For the start: what a process left RUNNING or STREAMING is queued again, or FAILED with
   * `attempts_exhausted` once `maxAttempts` attempts ended with their process.
   */
  recover(maxAttempts: number): Promise<{ requeued: StoredTask[]; failed: StoredTask[] }>;
  /** Stores events of running attempts in one relaxed transaction. Returns the tasks that took theirs. */
  appendEvents(groups: readonly EventGroup[]): Set<number>;
  /** Deletes tasks that ended before a time, oldest first, with all that is theirs. Returns how many. */
  deleteEndedBefore(endMs: number, limit: number): number;
  readonly outbox: OutboxTable;
  /**
   * Calls back after a commit that added events to a task; `waits` where it was only just stored, and
   * nothing else has happened to it. Returns what ends it.
   */
  onEvents(listener: (task: number, waits: boolean) => void): () => void;
}

/** The tasks of one service, in its database. */
export function createTaskStore(database: StateDatabase, { clock }: { clock: Clock }): TaskStore {
  const log = createEventLog(database);
  const move = createTransition(database, log);
  const queries = createTaskQueries(database);
  const runningAttempt = database.prepare<[number, number]>(
    "SELECT 1 FROM tasks WHERE id = ? AND attempt = ? AND status IN ('RUNNING', 'STREAMING')",
  );
  const listeners = new Set<(task: number, waits: boolean) => void>();
  const tell = (task: number, waits = false): void => {
    for (const listener of listeners) listener(task, waits);
  };

  async function moved(
    task: number,
    work: () => boolean,
    connection: Connection = database,
  ): Promise<boolean> {
    const done = await connection.commit(work);
    if (done) tell(task);
    return done;
  }

  function insert(draft: TaskDraft): number {
    const atMs = clock.now();
    const id = queries.insert({
      taskId: randomUUID(),
      prompt: draft.prompt,
      owner: draft.caller.name,
      scopes: [...draft.caller.scopes].join(' '),
      requesterId: draft.requesterId,
      conversationId: draft.conversationId ?? randomUUID(),
      correlationId: draft.correlationId,
      idempotencyKey: draft.idempotencyKey ?? null,
      atMs,
      traceparent: draft.trace?.traceparent ?? null,
      tracestate: draft.trace?.tracestate ?? null,
    });
    log.append(id, 1, { type: 'state', atMs, token: '', data: { status: 'PENDING' } });
    return id;
  }

  return {
    async create(given, admit) {
      // What UTF-8 cannot hold is replaced before the prompt is compared with a stored one.
      const draft = { ...given, prompt: given.prompt.toWellFormed() };
      const result = await database.commit(() => {
        const key = draft.idempotencyKey;
        const known = key === undefined ? undefined : queries.findByKey(draft.caller.name, key);
        if (known) {
          assertSamePrompt(known, draft);
          return { task: known, created: false };
        }
        const claimed = admit?.(queries.countByStatus().PENDING) ?? false;
        const id = insert(draft);
        if (claimed) move(id, { to: 'RUNNING', atMs: clock.now() });
        return { task: queries.getById(id), created: true };
      });
      if (result.created) tell(result.task.id, result.task.status === 'PENDING');
      return result;
    },
    findByKey: queries.findByKey,
    get: queries.get,
    status: queries.status,
    list: queries.list,
    events: log.read,
    history: queries.history,
    countByStatus: queries.countByStatus,
    oldestQueuedMs: queries.oldestPendingMs,
    async claim(room) {
      const claimed = await database.commit(() => {
        const atMs = clock.now();
        const ids = queries.oldestPending(Math.max(0, room()));
        for (const id of ids) move(id, { to: 'RUNNING', atMs });
        return ids.map((id) => queries.getById(id));
      });
      for (const { id } of claimed) tell(id);
      return claimed;
    },
    beginStreaming: ({ task, attempt, events }) =>
      moved(
        task,
        () => {
          const before = events.filter(({ type }) => type !== 'token');
          if (!move(task, { to: 'STREAMING', atMs: clock.now(), attempt, before })) return false;
          for (const event of events) if (event.type === 'token') log.append(task, attempt, event);
          return true;
        },
        database.relaxed,
      ),
    complete: ({ task, attempt, events }, response) =>
      moved(task, () => {
        const atMs = clock.now();
        if (queries.status(task) !== 'STREAMING') {
          return move(task, { to: 'COMPLETED', atMs, attempt, before: events, response });
        }
        if (!move(task, { to: 'RUNNING', atMs, attempt, before: events })) return false;
        return move(task, { to: 'COMPLETED', atMs, attempt, response });
      }),
    fail: ({ task, attempt, events }, error) =>
      moved(task, () => move(task, { to: 'FAILED', atMs: clock.now(), attempt, before: events, error })),
    cancel: (task, waiting) =>
      moved(task, () => move(task, { to: 'CANCELLED', atMs: clock.now(), before: waiting() })),
    requeue: ({ task, attempt, events }, reason) =>
      moved(task, () => move(task, { to: 'PENDING', atMs: clock.now(), attempt, before: events, reason })),
    async recover(maxAttempts) {
      const requeued: number[] = [];
      const failed: number[] = [];
      await database.commit(() => {
        const atMs = clock.now();
        for (const { id, crashes } of queries.interrupted()) {
          if (crashes + 1 >= maxAttempts) {
            move(id, { to: 'FAILED', atMs, error: exhausted(maxAttempts), crashed: true });
            failed.push(id);
          } else {
            const reason = 'The process that ran it ended. It begins again; discard the text so far.';
            move(id, { to: 'PENDING', atMs, reason, crashed: true });
            requeued.push(id);
          }
        }
      });
      for (const id of [...requeued, ...failed]) tell(id);
      return { requeued: requeued.map(queries.getById), failed: failed.map(queries.getById) };
    },
    appendEvents(groups) {
      const taken = database.relaxed.transaction(() => {
        const owned = groups.filter(({ task, attempt }) => runningAttempt.get(task, attempt) !== undefined);
        for (const { task, attempt, events } of owned) {
          for (const event of events) log.append(task, attempt, event);
        }
        return new Set(owned.map(({ task }) => task));
      });
      for (const task of taken) tell(task);
      return taken;
    },
    deleteEndedBefore: (endMs, limit) => database.transaction(() => queries.deleteEndedBefore(endMs, limit)),
    outbox: createOutboxTable(database),
    onEvents(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function assertSamePrompt(known: StoredTask, draft: TaskDraft): void {
  if (known.prompt === draft.prompt) return;
  throw new MadError(
    'conflict',
    `The idempotency_key '${draft.idempotencyKey}' belongs to task '${known.taskId}', which has another prompt. Use a new key for a new prompt.`,
  );
}

const exhausted = (maxAttempts: number): ErrorDetails => ({
  message: `The process that ran this task ended ${maxAttempts} times before the task did. It is not tried again; send the prompt anew to retry.`,
  code: 'attempts_exhausted',
  stack_trace: null,
});
