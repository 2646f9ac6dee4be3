import type { ErrorDetails, TaskStatus } from '@mad-group/protocol';
import type { Connection } from './database.ts';
import type { EventLog, NewEvent } from './event-log.ts';
import { canMove, hasEnded } from './task-states.ts';

/** What a change of state writes beside it. */
interface Change {
  readonly to: TaskStatus;
  readonly atMs: number;
  /** Only where the task is still at this attempt. */
  readonly attempt?: number;
  /** Events that came before the change and go with it. */
  readonly before?: readonly NewEvent[];
  /** Of `COMPLETED`. */
  readonly response?: string;
  /** Of `FAILED`. */
  readonly error?: ErrorDetails;
  /** Of `PENDING`: why the attempt is over. */
  readonly reason?: string;
  /** Of `PENDING` and `FAILED`: the attempt ended with the process. */
  readonly crashed?: boolean;
}

/** Makes one change of state within the caller's transaction; false where the task does not allow it. */
export type Transition = (task: number, change: Change) => boolean;

/**
 * The only place that changes a task's state. Each change is an event; an end is written once, with
 * its row for the notification.
 */
export function createTransition(connection: Connection, events: EventLog): Transition {
  const current = connection.prepare<[number], { status: TaskStatus; attempt: number }>(
    'SELECT status, attempt FROM tasks WHERE id = ?',
  );
  const update = connection.prepare<{
    id: number;
    from: TaskStatus;
    to: TaskStatus;
    atMs: number;
    attempt: number;
    crashed: number;
    response: string | null;
    error: string | null;
    finishedMs: number | null;
  }>(`
    UPDATE tasks SET status = @to, updated_ms = @atMs, attempt = @attempt, crashes = crashes + @crashed,
      started_ms = CASE WHEN @to = 'RUNNING' THEN COALESCE(started_ms, @atMs) ELSE started_ms END,
      response = @response, error = @error, finished_ms = @finishedMs
    WHERE id = @id AND status = @from`);
  const addNotification = connection.prepare<[number, number]>(
    'INSERT INTO task_notifications (task, created_ms) VALUES (?, ?)',
  );

  return (task, change) => {
    const { to, atMs } = change;
    const row = current.get(task);
    if (!row || !canMove(row.status, to)) return false;
    if (change.attempt !== undefined && change.attempt !== row.attempt) return false;
    const ends = hasEnded(to);
    // Events of the attempt that are not on the disk may be on the bus: their numbers come again.
    const attempt = to === 'PENDING' || change.crashed ? row.attempt + 1 : row.attempt;
    for (const event of change.before ?? []) events.append(task, row.attempt, event);
    update.run({
      id: task,
      from: row.status,
      to,
      atMs,
      attempt,
      crashed: change.crashed ? 1 : 0,
      response: change.response ?? null,
      error: change.error ? JSON.stringify(change.error) : null,
      finishedMs: ends ? atMs : null,
    });
    if (to === 'PENDING') {
      events.append(task, attempt, {
        type: 'attempt',
        atMs,
        token: '',
        data: { reason: change.reason ?? '' },
      });
    }
    events.append(task, attempt, { type: 'state', atMs, token: '', data: stateData(change) });
    if (ends) addNotification.run(task, atMs);
    return true;
  };
}

function stateData({ to, error }: Change): Record<string, unknown> {
  if (!error) return { status: to };
  return { status: to, error: { message: error.message, code: error.code } };
}
