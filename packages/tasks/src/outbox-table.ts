import type { ErrorDetails, TaskEvent, TaskStatus } from '@mad-group/protocol';
import { type TraceHeaders, traceHeadersOf } from '@mad-group/protocol/tracing';
import type { StateDatabase } from './database.ts';
import { createEventLog } from './event-log.ts';

/** What the envelopes of a task's messages are made from. */
export interface OutboxTask {
  readonly id: number;
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly owner: string;
  readonly requesterId: string;
  readonly conversationId: string;
  readonly correlationId: string;
  readonly response: string | null;
  readonly error: ErrorDetails | null;
  readonly finishedMs: number | null;
  /** Events up to this number are known to be published. */
  readonly publishedSeq: number;
  readonly trace: TraceHeaders;
}

/** What is stored and not yet published. */
export interface OutboxTable {
  /** Tasks with something unpublished and the number of their newest event, for the start. */
  pending(): { task: number; lastSeq: number }[];
  /** Undefined where all of the task has been published. */
  get(task: number): OutboxTask | undefined;
  events(task: number, afterSeq: number, limit: number): TaskEvent[];
  /** Runs reads of many tasks together, which costs less. */
  read(work: () => void): void;
  /** Notes what was published, in one relaxed transaction. Lost with the power, it is sent again. */
  mark(published: readonly { task: number; seq: number; notifiedMs: number | null }[]): void;
}

type Row = Omit<OutboxTask, 'error' | 'trace'> & {
  error: string | null;
  traceparent: string | null;
  tracestate: string | null;
};

/** The outbox side of the task tables. */
export function createOutboxTable(database: StateDatabase): OutboxTable {
  const log = createEventLog(database);
  const pending = database.prepare<[], { task: number; lastSeq: number }>(`
    SELECT task, last_seq AS lastSeq FROM (
      SELECT o.task, o.published_seq, t.finished_ms,
        (SELECT MAX(seq) FROM task_events WHERE task = o.task) AS last_seq
      FROM task_outbox o JOIN tasks t ON t.id = o.task)
    WHERE last_seq > published_seq OR finished_ms IS NOT NULL ORDER BY task`);
  const select = database.prepare<[number], Row>(`
    SELECT t.id, t.task_id AS taskId, t.status, t.owner, t.requester_id AS requesterId,
      t.conversation_id AS conversationId, t.correlation_id AS correlationId, t.response, t.error,
      t.finished_ms AS finishedMs, t.traceparent, t.tracestate, o.published_seq AS publishedSeq
    FROM task_outbox o JOIN tasks t ON t.id = o.task WHERE o.task = ?`);
  const setSeq = database.prepare<[number, number]>(
    'UPDATE task_outbox SET published_seq = ? WHERE task = ?',
  );
  const setNotified = database.prepare<[number, number]>(
    'UPDATE task_notifications SET published_ms = ? WHERE task = ?',
  );
  const remove = database.prepare<[number]>('DELETE FROM task_outbox WHERE task = ?');

  return {
    pending: () => pending.all(),
    get(task) {
      const row = select.get(task);
      if (!row) return undefined;
      const { traceparent, tracestate, ...rest } = row;
      const error = row.error === null ? null : (JSON.parse(row.error) as ErrorDetails);
      return { ...rest, error, trace: traceHeadersOf(row) };
    },
    events: log.read,
    read: database.read,
    mark(published) {
      if (published.length === 0) return;
      database.relaxed.transaction(() => {
        for (const { task, seq, notifiedMs } of published) {
          if (notifiedMs === null) {
            setSeq.run(seq, task);
          } else {
            setNotified.run(notifiedMs, task);
            remove.run(task);
          }
        }
      });
    },
  };
}
