import type { Lifecycle } from '@mad-group/mad';
import type { Clock, Logger } from '@mad-group/protocol';
import type { TrafficStore } from './traffic-store.ts';

const DAY_MS = 86_400_000;
const INTERVAL_MS = 3_600_000;

export interface MetricsRetentionOptions {
  readonly store: Pick<TrafficStore, 'deleteBefore'>;
  readonly days: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told what was deleted: everything before this time. */
  readonly onDeleted: (timeMs: number) => void;
}

/** Deletes hourly metrics past their days, at the start and once an hour. */
export function createMetricsRetention({
  store,
  days,
  clock,
  log,
  onDeleted,
}: MetricsRetentionOptions): Lifecycle {
  let timer: NodeJS.Timeout | undefined;
  function sweep(): void {
    try {
      const beforeMs = clock.now() - days * DAY_MS;
      const rows = store.deleteBefore(beforeMs);
      onDeleted(beforeMs);
      if (rows > 0) log.info({ rows, days }, 'Deleted hourly metrics past their retention');
    } catch (error) {
      log.error({ err: error }, 'Hourly metrics past their retention could not be deleted');
    }
  }
  return {
    async start() {
      if (timer) return;
      sweep();
      timer = setInterval(sweep, INTERVAL_MS);
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
