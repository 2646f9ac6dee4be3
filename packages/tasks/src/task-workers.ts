import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '@mad-group/protocol';
import { withoutTrace } from '@mad-group/protocol/tracing';
import type { StoredTask } from './stored-task.ts';
import type { createExecutor, Interruption } from './task-executor.ts';
import type { TaskStore } from './task-store.ts';

/** Pause after the queue could not be read, as with a failing disk. */
const PUMP_RETRY_MS = 1_000;
/** Tasks that begin in one turn of the event loop: more would hold up what comes in meanwhile. */
const STARTS_A_TURN = 16;

export interface TaskWorkersOptions {
  readonly store: TaskStore;
  readonly log: Logger;
  /** Tasks that run at the same time. */
  readonly concurrency: number;
  readonly execute: ReturnType<typeof createExecutor>;
  /** Told when other tasks run, or wait, than before. */
  readonly onChange: () => void;
  /** Told of each that has left its place, before {@link onChange}. */
  readonly onEnd: () => void;
}

/** Places for tasks that run, and the way of a task from the store into one. */
export interface TaskWorkers {
  /** Begins to claim what waits. */
  start(): void;
  /** Claims what waits, where places are free. Never throws. */
  pump(): void;
  /**
   * Takes a place for a task that is claimed as it is stored, which saves it a commit; false where none
   * is free, or others wait for it. Whoever took it gives it back by {@link giveBackPlace}.
   */
  takePlace(waiting: number): boolean;
  giveBackPlace(): void;
  /** Runs a claimed task, behind the answers to those whose tasks these are. */
  runSoon(task: StoredTask): void;
  cancel(taskId: number): void;
  /** How many run. */
  running(): number;
  /**
   * Claims no more. What runs is put back into the queue at the deadline, and is left alone when `haltMs`
   * is over. Both are in milliseconds from now.
   */
  drain(times: { deadlineMs: number; haltMs: number }): Promise<void>;
}

export function createTaskWorkers(options: TaskWorkersOptions): TaskWorkers {
  const { store, log, concurrency, execute, onChange, onEnd } = options;
  const running = new Map<number, { controller: AbortController; done: Promise<void> }>();
  /** Tasks that take a place and do not run yet: those that are claimed as they are stored. */
  let beginning = 0;
  /** Claimed tasks that are to run. */
  const toRun: StoredTask[] = [];
  const halt = new AbortController();
  let state: 'new' | 'working' | 'draining' = 'new';
  let claiming: Promise<void> | undefined;
  let pumpTimer: NodeJS.Timeout | undefined;

  const occupied = (): number => running.size + beginning + toRun.length;

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
    onChange();
  }

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
      onEnd();
      onChange();
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

  return {
    start() {
      state = 'working';
      pump();
    },
    pump,
    takePlace(waiting) {
      const free = state === 'working' && !claiming && waiting === 0 && occupied() < concurrency;
      if (free) beginning += 1;
      return free;
    },
    giveBackPlace() {
      beginning -= 1;
    },
    runSoon,
    cancel: (taskId) => running.get(taskId)?.controller.abort('cancelled' satisfies Interruption),
    running: () => running.size,
    async drain({ deadlineMs, haltMs }) {
      state = 'draining';
      clearTimeout(pumpTimer);
      await claiming;
      while (beginning + toRun.length > 0) await nextTurn();
      const attempts = [...running.values()];
      const interrupt = setTimeout(() => {
        for (const { controller } of attempts) controller.abort('drained' satisfies Interruption);
      }, deadlineMs);
      const leave = setTimeout(() => halt.abort(), haltMs);
      await Promise.all(attempts.map(({ done }) => done));
      clearTimeout(interrupt);
      clearTimeout(leave);
      halt.abort();
    },
  };
}
