import {
  type Clock,
  type Envelope,
  ERROR_CODES,
  type ErrorCode,
  type Logger,
  MadError,
  type TaskEvent,
  type TaskStatus,
} from '@mad-group/protocol';
import { type Tracing, withoutTrace, withTracing } from '@mad-group/protocol/tracing';
import { createOutboxLanes } from './outbox-lanes.ts';
import type { OutboxTable, OutboxTask } from './outbox-table.ts';
import type { Publisher, TaskMetrics, TaskWording } from './ports.ts';
import { isSqliteError } from './sqlite-errors.ts';
import { eventEnvelope, notificationEnvelope, withoutContent } from './task-messages.ts';
import { hasEnded } from './task-states.ts';

/** Events that a task may publish before the others have their turn. All lanes may hold so many at once. */
const TURN = 20;
const PUBLISH_TIMEOUT_MS = 5_000;
const BACKOFF_MS = { first: 100, most: 5_000 };
/** How long what was published waits to be marked so, together with others. */
const MARK_MS = 25;

/** Cursors held in memory; past this, those of tasks that rest are read again when they are needed. */
const MAX_CURSORS = 1_000;

/** How far a task is published. */
interface Cursor {
  readonly task: OutboxTask;
  seq: number;
  /** No event comes behind the ones that are stored. */
  ended: boolean;
  notifiedMs: number | null;
}

export interface Outbox {
  /** Publishes what an earlier process left, then what comes. */
  start(): void;
  /** Tells that the task has a new event; `waits` where it was only just stored. */
  add(task: number, waits?: boolean): void;
  /** Tasks that have something to publish. */
  pending(): number;
  /**
   * Goes on until all is published, the time is over, or the bus is known to be away; the rest waits
   * for the next start.
   */
  stop(options: { deadlineMs: number }): Promise<void>;
}

export interface OutboxOptions {
  readonly table: OutboxTable;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<TaskMetrics, 'outbox'>;
  readonly madId: string;
  readonly tracing?: Tracing | undefined;
  readonly wording: TaskWording;
}

/**
 * Publishes stored events in order, task by task, and a task's notification after its last event.
 * While the bus is away everything waits in the database and one task at a time asks for it.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { table, publisher, clock, log, metrics, madId, wording } = options;
  const lanes = createOutboxLanes(publishFor, freed);
  const cursors = new Map<number, Cursor>();
  /** Tasks whose cursor has moved on from what the table says. */
  const unmarked = new Set<number>();
  /** Up to these numbers the bus may have events already: a try failed, or an earlier process made it. */
  const suspect = new Map<number, number>();
  const suspectNotifications = new Set<number>();
  let markTimer: NodeJS.Timeout | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
  let pumping: NodeJS.Immediate | undefined;
  let outageTries = 0;
  let running = false;
  let idle = Promise.withResolvers<void>();

  function pump(): void {
    if (!running || retryTimer || lanes.waiting() === 0) return;
    if (cursors.size >= MAX_CURSORS) trimCursors();
    try {
      // Each lane reads before it waits for anything, and writes nothing before that.
      table.read(() => lanes.fill(outageTries > 0 ? 1 : undefined));
    } catch (error) {
      backOff(error);
    }
  }

  async function publishFor(task: number): Promise<void> {
    try {
      if (await publishTurn(task)) lanes.add(task);
    } catch (error) {
      lanes.add(task);
      backOff(error);
    }
  }

  function freed(): void {
    metrics.outbox(lanes.size());
    if (lanes.size() === 0) idle.resolve();
    pump();
  }

  /** Publishes a task's next events. True where there may be more. */
  async function publishTurn(id: number): Promise<boolean> {
    const cursor = cursors.get(id) ?? openCursor(id);
    if (!cursor) return false;
    const events = table.events(id, cursor.seq, TURN);
    for (const event of events) {
      if (!running) return true;
      await publishEvent(cursor.task, event);
      cursor.seq = event.seq;
      cursor.ended ||= isEnd(event);
      toMark(id);
    }
    if (events.length === TURN) return true;
    if (!cursor.ended) return false;
    const ended = table.get(id);
    if (!running || !ended) return false;
    await publishNotification(ended);
    cursor.notifiedMs = clock.now();
    toMark(id);
    return false;
  }

  /** What is not marked stays: without its cursor it would be published again. */
  function trimCursors(): void {
    markPublished();
    for (const task of cursors.keys()) {
      if (!lanes.isActive(task) && !unmarked.has(task)) cursors.delete(task);
    }
  }

  function openCursor(id: number): Cursor | undefined {
    const task = table.get(id);
    if (!task) return undefined;
    const cursor: Cursor = { task, seq: task.publishedSeq, ended: hasEnded(task.status), notifiedMs: null };
    cursors.set(id, cursor);
    return cursor;
  }

  function publishEvent(task: OutboxTask, event: TaskEvent): Promise<void> {
    const known = suspect.get(task.id) ?? 0;
    suspect.set(task.id, Math.max(known, event.seq));
    return publish(task, event.seq <= known, eventEnvelope(task, event, madId), () =>
      eventEnvelope(task, withoutContent(event), madId),
    );
  }

  function publishNotification(task: OutboxTask): Promise<void> {
    const retry = suspectNotifications.has(task.id);
    suspectNotifications.add(task.id);
    return publish(task, retry, notificationEnvelope(task, madId, wording), () =>
      notificationEnvelope(task, madId, wording, false),
    );
  }

  /** Resolves when the bus has it, or will never take it. Throws where a later try may succeed. */
  async function publish(
    task: OutboxTask,
    retry: boolean,
    envelope: Envelope,
    smaller: () => Envelope,
  ): Promise<void> {
    // In the task's own trace, whoever's event it was that woke the outbox.
    const send = (message: Envelope) =>
      withTracing(options.tracing, task.trace, () =>
        publisher.publish(message, { timeoutMs: PUBLISH_TIMEOUT_MS, retry }),
      );
    try {
      await send(envelope).catch((error: unknown) => {
        if (codeOf(error) !== 'payload_too_large') throw error;
        return send(smaller());
      });
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || ERROR_CODES[code].retryable) throw error;
      const facts = { task_id: task.taskId, correlation_id: task.correlationId, channel: envelope.channel };
      log.error({ ...facts, err: error }, 'The bus refuses a message of this task for good; it is left out');
    }
    if (outageTries > 0) log.info({ tries: outageTries }, 'The outbox publishes again');
    outageTries = 0;
  }

  function toMark(task: number): void {
    if (!running) return;
    unmarked.add(task);
    markTimer ??= setTimeout(markPublished, MARK_MS);
  }

  function markPublished(): void {
    clearTimeout(markTimer);
    markTimer = undefined;
    const marks = [...unmarked].flatMap((task) => {
      const cursor = cursors.get(task);
      return cursor ? [{ task, seq: cursor.seq, notifiedMs: cursor.notifiedMs }] : [];
    });
    try {
      table.mark(marks);
    } catch (error) {
      log.error({ err: error }, 'What was published cannot be marked so, trying again');
      if (running) markTimer = setTimeout(markPublished, BACKOFF_MS.most);
      return;
    }
    unmarked.clear();
    for (const { task, notifiedMs } of marks) {
      if (notifiedMs === null) continue;
      cursors.delete(task);
      suspect.delete(task);
      suspectNotifications.delete(task);
    }
  }

  function backOff(error: unknown): void {
    if (!running || retryTimer) return;
    outageTries += 1;
    if (outageTries === 1) log.warn({ err: error, pending: lanes.size() }, whatIsWaitedFor(error));
    const waitMs = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** Math.min(outageTries - 1, 10));
    retryTimer = setTimeout(
      () => {
        retryTimer = undefined;
        pump();
      },
      waitMs * (0.5 + Math.random() / 2),
    );
  }

  return {
    start() {
      if (running) return;
      running = true;
      for (const { task, lastSeq } of table.pending()) {
        suspect.set(task, lastSeq);
        suspectNotifications.add(task);
        lanes.add(task);
      }
      metrics.outbox(lanes.size());
      pump();
    },
    add(task, waits = false) {
      lanes.add(task, waits);
      // In the next turn, behind the answers to those whose tasks these are, and for all of them at once.
      pumping ??= setImmediate(withoutTrace, () => {
        pumping = undefined;
        metrics.outbox(lanes.size());
        pump();
      });
    },
    pending: lanes.size,
    async stop({ deadlineMs }) {
      if (!running) return;
      const away = publisher.status?.().connected === false;
      if (lanes.size() > 0 && !away) {
        idle = Promise.withResolvers();
        const timer = setTimeout(idle.resolve, deadlineMs);
        await idle.promise;
        clearTimeout(timer);
      }
      running = false;
      clearImmediate(pumping);
      clearTimeout(retryTimer);
      retryTimer = undefined;
      markPublished();
      clearTimeout(markTimer);
      markTimer = undefined;
    },
  };
}

const codeOf = (error: unknown): ErrorCode | undefined =>
  error instanceof MadError ? error.code : undefined;

function whatIsWaitedFor(error: unknown): string {
  if (codeOf(error) !== undefined) return 'The outbox waits for the bus';
  if (isSqliteError(error)) return 'The outbox cannot read the database, trying again';
  return 'The outbox failed, trying again';
}

/** Whether this is the event with which a task ends. */
const isEnd = (event: TaskEvent): boolean => event.type === 'state' && hasEnded(event.status as TaskStatus);
