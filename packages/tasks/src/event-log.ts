import type { TaskEvent } from '@mad-group/protocol';
import type { Connection } from './database.ts';
import { takeWithin } from './page-size.ts';
import { iso } from './stored-task.ts';

/** An event before it has its place. */
export interface NewEvent {
  readonly type: TaskEvent['type'];
  readonly atMs: number;
  /** Empty where the event is no token. */
  readonly token: string;
  /** Further fields of the event. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface EventLog {
  /**
   * Appends within the caller's transaction. The sequence goes on without gaps, and the times never
   * run backwards: an event that waited for its commit, or a clock that was set back, takes the time
   * of the event before it.
   */
  append(task: number, attempt: number, event: NewEvent): void;
  /**
   * Events behind a sequence number, in order; fewer than `limit` where they come to more than
   * `maxChars`, and at least one.
   */
  read(task: number, afterSeq: number, limit: number, maxChars?: number): TaskEvent[];
}

interface EventRow {
  seq: number;
  type: TaskEvent['type'];
  attempt: number;
  at_ms: number;
  token: string;
  data: string | null;
}

/** The events of all tasks, on one connection. */
export function createEventLog(connection: Connection): EventLog {
  const newest = connection.prepare<[number], { seq: number; at_ms: number }>(
    'SELECT seq, at_ms FROM task_events WHERE task = ? ORDER BY seq DESC LIMIT 1',
  );
  const insert = connection.prepare<[number, number, string, number, number, string, string | null]>(
    'INSERT INTO task_events (task, seq, type, attempt, at_ms, token, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const select = connection.prepare<[number, number, number], EventRow>(`
    SELECT seq, type, attempt, at_ms, token, data FROM task_events
    WHERE task = ? AND seq > ? ORDER BY seq LIMIT ?`);
  return {
    append(task, attempt, { type, atMs, token, data }) {
      const json = data === undefined ? null : JSON.stringify(data);
      const before = newest.get(task) ?? { seq: 0, at_ms: 0 };
      insert.run(task, before.seq + 1, type, attempt, Math.max(atMs, before.at_ms), token, json);
    },
    read(task, afterSeq, limit, maxChars) {
      if (maxChars === undefined) return select.all(task, afterSeq, limit).map(toEvent);
      const sizeOf = ({ token, data }: EventRow): number => token.length + (data?.length ?? 0);
      return takeWithin(select.iterate(task, afterSeq, limit), sizeOf, maxChars).map(toEvent);
    },
  };
}

const toEvent = (row: EventRow): TaskEvent => ({
  seq: row.seq,
  type: row.type,
  attempt: row.attempt,
  timestamp: iso(row.at_ms),
  token: row.token,
  ...(row.data === null ? {} : (JSON.parse(row.data) as Record<string, unknown>)),
});
