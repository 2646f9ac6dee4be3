import type { Clock } from '@mad-group/protocol';

/** Ends that the rate is taken from. */
const WINDOW = 100;
/** Where nothing has ended yet. */
const UNKNOWN_RETRY_MS = 5_000;
const RETRY_MS = { least: 1_000, most: 60_000 };

/** How fast tasks end, from the last hundred ends. */
export function createThroughput(clock: Clock) {
  const ends: number[] = [];
  return {
    ended(): void {
      ends.push(clock.now());
      if (ends.length > WINDOW) ends.shift();
    },
    /**
     * When a caller that was refused may try again, in milliseconds: in the time in which a tenth of
     * the full queue runs, at the rate since the oldest end in the window.
     */
    retryAfterMs(queueMax: number): number {
      const oldest = ends[0];
      if (oldest === undefined) return UNKNOWN_RETRY_MS;
      const perTaskMs = Math.max(1, clock.now() - oldest) / ends.length;
      const waitMs = Math.ceil(perTaskMs * Math.max(1, queueMax / 10));
      return Math.min(RETRY_MS.most, Math.max(RETRY_MS.least, waitMs));
    },
  };
}
