import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Logger } from '@mad-group/protocol';
import type { TaskStore } from './task-store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Tasks deleted in one transaction, so that nothing else waits long. */
const BATCH = 50;

export interface Retention {
  /** Sweeps now and then hourly. */
  start(): void;
  stop(): void;
  /** Deletes what is too old. Returns how many tasks that was. */
  sweep(): Promise<number>;
}

export interface RetentionOptions {
  readonly store: Pick<TaskStore, 'deleteEndedBefore'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Days that an ended task is kept. */
  readonly retentionDays: number;
}

/** Deletes tasks that ended long ago, with their events. */
export function createRetention({ store, clock, log, retentionDays }: RetentionOptions): Retention {
  let timer: NodeJS.Timeout | undefined;

  async function sweep(): Promise<number> {
    const endMs = clock.now() - retentionDays * DAY_MS;
    let deleted = 0;
    let batch = BATCH;
    while (batch === BATCH) {
      batch = store.deleteEndedBefore(endMs, BATCH);
      deleted += batch;
      await nextTurn();
      if (!timer) break;
    }
    if (deleted > 0) log.info({ deleted, retention_days: retentionDays }, 'Old tasks deleted');
    return deleted;
  }

  function run(): void {
    sweep().catch((error: unknown) => log.error({ err: error }, 'Old tasks cannot be deleted'));
  }

  return {
    start() {
      if (timer) return;
      timer = setInterval(run, HOUR_MS);
      run();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
    sweep,
  };
}
