import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Caller, type Clock, type Logger, MadError, type Thinker } from '@mad-group/protocol';
import { currentTraceHeaders, type Tracing, withoutTrace } from '@mad-group/protocol/tracing';
import { createEventNotifier } from './event-notifier.ts';
import { createOutbox } from './outbox.ts';
import type { Publisher, TaskMetrics, TaskWording } from './ports.ts';
import { createRetention } from './retention.ts';
import { explainDatabaseError } from './sqlite-errors.ts';
import type { StoredTask } from './stored-task.ts';
import { createExecutor, type Interruption } from './task-executor.ts';
import { createTaskReader, type TaskReader } from './task-reader.ts';
import type { TaskStore } from './task-store.ts';
import { createProgress, type TaskWatch, watchTasks } from './task-watch.ts';
import { createThroughput } from './throughput.ts';
import { createTokenWriter } from './token-writer.ts';

/** Past the deadline of a stop: for the last writes and what the outbox has under way. */
const STOP_GRACE_MS = 500;
/** Pause after the queue could not be read, as with a failing disk. */
const PUMP_RETRY_MS = 1_000;
const DRAIN_RETRY_MS = 5_000;
/** Tasks that begin in one turn of the event loop: more would hold up what comes in meanwhile. */
const STARTS_A_TURN = 16;

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
  const { store, clock, log, metrics, concurrency, queueMax, maxAttempts } = options;
  const notifier = createEventNotifier();
  const writer = createTokenWriter(store, log);
  const progress = createProgress();
  const execute = createExecutor({ ...options, writer, progress });
  const outbox = createOutbox({ ...options, table: store.outbox });
  const retention = createRetention(options);
  const throughput = createThroughput(clock);
  const reader = createTaskReader(store, notifier, options.wording);
  const running = new Map<number, { controller: AbortController; done: Promise<void> }>();
  /** Tasks that take a place and do not run yet: those that are claimed as they are stored. */
  let beginning = 0;
  /** Claimed tasks that are to run. */
  const toRun: StoredTask[] = [];
  const halt = new AbortController();
  let state: 'new' | 'recovering' | 'working' | 'draining' = 'new';
  let claiming: Promise<void> | undefined;
  let loadReport: NodeJS.Immediate | undefined;
  let pumpTimer: NodeJS.Timeout | undefined;
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
      metrics.load(store.countByStatus().PENDING, running.size);
    } catch (error) {
      log.warn({ err: error }, 'The waiting tasks cannot be counted');
    }
  }

  const occupied = (): number => running.size + beginning + toRun.length;

  /** Never throws. */
  function pump(): void {
    if (state !== 'working' || claiming || pumpTimer || occupied() >= concurrency) return;
    try {
      if (store.countByStatus().PENDING === 0) return;
    } catch (error) {
      pumpLater(error);
      return;
    }
    claiming = withoutTrace(claim).finally(() => {
      claiming = undefined;
      pump();
    });
  }

  function pumpLater(error: unknown): void {
    log.error({ err: error }, 'The queue cannot be read, trying again');
    if (state !== 'working') return;
    pumpTimer = setTimeout(() => {
      pumpTimer = undefined;
      pump();
    }, PUMP_RETRY_MS);
  }

  async function claim(): Promise<void> {
    try {
      for (const task of await store.claim(() => concurrency - occupied())) runSoon(task);
    } catch (error) {
      pumpLater(error);
    }
    reportLoad();
  }

  /** Behind the answers to those whose tasks these are. */
  function runSoon(task: StoredTask): void {
    if (toRun.push(task) === 1) setImmediate(withoutTrace, runNext);
  }

  function runNext(): void {
    const now = toRun.slice(0, STARTS_A_TURN);
    for (const task of now) run(task);
    toRun.splice(0, now.length);
    if (toRun.length > 0) setImmediate(runNext);
  }

  /** Never throws: a claimed task that is not run would be nobody's until the next start. */
  function run(task: StoredTask): void {
    if (wasCancelled(task)) {
      setImmediate(pump);
      return;
    }
    const controller = new AbortController();
    const done = execute(task, controller, halt.signal).finally(() => {
      running.delete(task.id);
      throughput.ended();
      reportLoad();
      pump();
    });
    running.set(task.id, { controller, done });
    if (state === 'draining') controller.abort('drained' satisfies Interruption);
  }

  /** A cancellation may have come right behind the claim. */
  function wasCancelled(task: StoredTask): boolean {
    try {
      return store.status(task.id) !== 'RUNNING';
    } catch (error) {
      log.warn({ err: error, task_id: task.taskId }, 'The state of a task cannot be read; it is run');
      return false;
    }
  }

  /** Where a place is free and nobody waits for it, a new task needs no commit of its own to be claimed. */
  const canBegin = (waiting: number): boolean =>
    state === 'working' && !claiming && waiting === 0 && occupied() < concurrency;

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
    clearTimeout(pumpTimer);
    await claiming;
    while (beginning + toRun.length > 0) await nextTurn();
    const attempts = [...running.values()];
    const timer = setTimeout(() => {
      for (const { controller } of attempts) controller.abort('drained' satisfies Interruption);
    }, deadlineMs);
    const all = Promise.all(attempts.map(({ done }) => done));
    const lastTimer = setTimeout(() => halt.abort(), deadlineMs + STOP_GRACE_MS);
    await all;
    clearTimeout(timer);
    clearTimeout(lastTimer);
    halt.abort();
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
      pump();
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
        begins = canBegin(waiting);
        if (begins) beginning += 1;
        return begins;
      };
      const { task, created } = await store
        .create(draft, admit)
        .finally(() => {
          if (begins) beginning -= 1;
        })
        .catch((error: unknown) => {
          pump();
          throw explainDatabaseError(error, 'this MAD');
        });
      if (!created) return task;
      received(task, caller);
      if (begins) runSoon(task);
      reportLoad();
      pump();
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
      running.get(task.id)?.controller.abort('cancelled' satisfies Interruption);
      metrics.finished('CANCELLED', clock.now() - task.createdMs);
      reportLoad();
      const facts = { task_id: taskId, correlation_id: task.correlationId, by: caller.name };
      log.info(facts, `Task ${taskId} status changed to CANCELLED`);
      return reader.find(taskId, caller);
    },
    load: () => ({
      queued: store.countByStatus().PENDING,
      running: running.size,
      unpublished: outbox.pending(),
    }),
    watch: () => watchTasks(store, progress, clock),
  };
}
