import { type Caller, type Clock, type Logger, MadError, type Thinker } from '@mad-group/protocol';
import { currentTraceHeaders, type Tracing } from '@mad-group/protocol/tracing';
import { createEventNotifier } from './event-notifier.ts';
import { createOutbox } from './outbox.ts';
import type { Publisher, TaskMetrics, TaskWording } from './ports.ts';
import { createRetention } from './retention.ts';
import { explainDatabaseError } from './sqlite-errors.ts';
import type { StoredTask } from './stored-task.ts';
import { createExecutor } from './task-executor.ts';
import { createTaskReader, type TaskReader } from './task-reader.ts';
import type { TaskStore } from './task-store.ts';
import { createProgress, type TaskWatch, watchTasks } from './task-watch.ts';
import { createTaskWorkers } from './task-workers.ts';
import { createThroughput } from './throughput.ts';
import { createTokenWriter } from './token-writer.ts';

/** Past the deadline of a stop: for the last writes and what the outbox has under way. */
const STOP_GRACE_MS = 500;
const DRAIN_RETRY_MS = 5_000;
export interface TaskInput {
  readonly prompt: string;
  /** Address of the notification; the caller's name where absent. */
  readonly requesterId?: string | undefined;
  readonly conversationId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly correlationId: string;
}

export interface TaskRunnerOptions {
  readonly store: TaskStore;
  readonly thinker: Thinker;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: TaskMetrics;
  /** Absent where nothing is traced. */
  readonly tracing?: Tracing | undefined;
  /** Sender of the tasks' messages. */
  readonly madId: string;
  readonly wording: TaskWording;
  /** Tasks that run at the same time. */
  readonly concurrency: number;
  /** Tasks that may wait. */
  readonly queueMax: number;
  /** Attempts that may end with their process before the task fails. */
  readonly maxAttempts: number;
  readonly retentionDays: number;
  /** Longest time of one attempt, in milliseconds; no limit where absent. */
  readonly taskTimeoutMs?: number | undefined;
}

export interface TaskLoad {
  readonly queued: number;
  readonly running: number;
  /** Tasks with events that are not published yet. */
  readonly unpublished: number;
}

export interface TaskRunner extends TaskReader {
  /** Queues what an earlier process left unfinished, and begins to work. Idempotent. */
  start(): Promise<void>;
  /**
   * Takes no new work, lets running tasks go on until the deadline, and puts the rest back into
   * the queue. The outbox has what is left of that time, and half a second more. Idempotent.
   */
  stop(options: { deadlineMs: number }): Promise<void>;
  /**
   * Stores a task; resolves when it is on the disk.
   *
   * @throws MadError `queue_full`, `draining`, `conflict` for a used idempotency key,
   *   `database_unavailable`
   */
  submit(input: TaskInput, caller: Caller): Promise<StoredTask>;
  /** @throws MadError `not_found`, `conflict` where the task has ended */
  cancel(taskId: string, caller: Caller): Promise<StoredTask>;
  load(): TaskLoad;
  watch(): TaskWatch;
}

/**
 * Runs stored tasks, so many at a time. The queue is in the store alone: memory holds what runs.
 */
export function createTaskRunner(options: TaskRunnerOptions): TaskRunner {
  const { store, clock, log, metrics, queueMax, maxAttempts } = options;
  const notifier = createEventNotifier();
  const writer = createTokenWriter(store, log);
  const progress = createProgress();
  const outbox = createOutbox({ ...options, table: store.outbox });
  const retention = createRetention(options);
  const throughput = createThroughput(clock);
  const reader = createTaskReader(store, notifier, options.wording);
  const workers = createTaskWorkers({
    ...options,
    execute: createExecutor({ ...options, writer, progress }),
    onChange: reportLoad,
    onEnd: () => throughput.ended(),
  });
  let state: 'new' | 'recovering' | 'working' | 'draining' = 'new';
  let loadReport: NodeJS.Immediate | undefined;
  let ending: Promise<void> | undefined;
  let stopListening: (() => void) | undefined;

  /** Once in a turn of the event loop, however much changes in it. */
  function reportLoad(): void {
    loadReport ??= setImmediate(reportLoadNow);
  }

  /** Never throws. */
  function reportLoadNow(): void {
    loadReport = undefined;
    try {
      metrics.load(store.countByStatus().PENDING, workers.running());
    } catch (error) {
      log.warn({ err: error }, 'The waiting tasks cannot be counted');
    }
  }

  function assertRoom(waiting: number): void {
    if (waiting < queueMax) return;
    metrics.refused();
    const retryAfterMs = throughput.retryAfterMs(queueMax);
    throw new MadError(
      'queue_full',
      `${waiting} tasks are waiting, and no more are taken. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
      { retryAfterMs },
    );
  }

  /** What the idempotency key stands for already is given even where nothing new is taken. */
  function assertTakingWork({ idempotencyKey }: TaskInput, caller: Caller): void {
    if (state !== 'draining') return;
    if (idempotencyKey !== undefined && store.findByKey(caller.name, idempotencyKey)) return;
    throw new MadError(
      'draining',
      'This instance is stopping and takes no new work. Try again in a few seconds.',
      {
        retryAfterMs: DRAIN_RETRY_MS,
      },
    );
  }

  function received(task: StoredTask, caller: Caller): void {
    metrics.submitted();
    const facts = {
      task_id: task.taskId,
      correlation_id: task.correlationId,
      requester_id: task.requesterId,
    };
    log.info({ ...facts, owner: caller.name }, `Received new task ${task.taskId}`);
  }

  async function drain(deadlineMs: number): Promise<void> {
    const endMs = performance.now() + deadlineMs + STOP_GRACE_MS;
    retention.stop();
    await workers.drain({ deadlineMs, haltMs: deadlineMs + STOP_GRACE_MS });
    writer.stop();
    notifier.close();
    await outbox.stop({ deadlineMs: Math.max(0, endMs - performance.now()) });
    clearImmediate(loadReport);
    stopListening?.();
  }

  return {
    ...reader,
    async start() {
      if (state !== 'new') return;
      state = 'recovering';
      stopListening = store.onEvents((task, waits) => {
        notifier.notify(task);
        outbox.add(task, waits);
      });
      const { requeued, failed } = await store.recover(maxAttempts);
      for (const task of [...requeued, ...failed]) {
        const facts = { task_id: task.taskId, correlation_id: task.correlationId, attempt: task.attempt };
        log.warn(facts, `Task ${task.taskId} status changed to ${task.status}`);
        if (task.status === 'FAILED') metrics.finished('FAILED', clock.now() - task.createdMs);
      }
      // A stop may have come meanwhile.
      if (state !== 'recovering') return;
      state = 'working';
      outbox.start();
      retention.start();
      reportLoad();
      workers.start();
    },
    stop({ deadlineMs }) {
      if (state === 'new') {
        state = 'draining';
        return Promise.resolve();
      }
      state = 'draining';
      ending ??= drain(deadlineMs);
      return ending;
    },
    async submit(input, caller) {
      assertTakingWork(input, caller);
      const requesterId = input.requesterId ?? caller.name;
      const draft = { ...input, caller, requesterId, trace: currentTraceHeaders() };
      let begins = false;
      const admit = (waiting: number): boolean => {
        assertRoom(waiting);
        begins = workers.takePlace(waiting);
        return begins;
      };
      const { task, created } = await store
        .create(draft, admit)
        .finally(() => {
          if (begins) workers.giveBackPlace();
        })
        .catch((error: unknown) => {
          workers.pump();
          throw explainDatabaseError(error, 'this MAD');
        });
      if (!created) return task;
      received(task, caller);
      if (begins) workers.runSoon(task);
      reportLoad();
      workers.pump();
      return task;
    },
    async cancel(taskId, caller) {
      const task = reader.find(taskId, caller);
      const cancelled = await store
        .cancel(task.id, () => writer.peek(task.id))
        .catch((error: unknown) => {
          throw explainDatabaseError(error, 'this MAD');
        });
      if (!cancelled) {
        const { status } = reader.find(taskId, caller);
        throw new MadError('conflict', `Task '${taskId}' has already ended: it is ${status}.`);
      }
      // They are stored with the end; where that fails they stay, and the task goes on with them.
      writer.take(task.id);
      workers.cancel(task.id);
      metrics.finished('CANCELLED', clock.now() - task.createdMs);
      reportLoad();
      const facts = { task_id: taskId, correlation_id: task.correlationId, by: caller.name };
      log.info(facts, `Task ${taskId} status changed to CANCELLED`);
      return reader.find(taskId, caller);
    },
    load: () => ({
      queued: store.countByStatus().PENDING,
      running: workers.running(),
      unpublished: outbox.pending(),
    }),
    watch: () => watchTasks(store, progress, clock),
  };
}
