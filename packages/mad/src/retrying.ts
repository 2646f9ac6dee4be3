import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@mad-group/protocol';

export interface RetryingOptions {
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** What is logged when the work throws. */
  readonly failure: string;
  /** Pause after a first failure, in milliseconds; it doubles up to the longest. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/**
 * Does the work until the signal aborts, again and again where it throws, with growing pauses. The
 * work says that it got somewhere by calling `worked`, and the next pause is short again.
 */
export async function retrying(
  options: RetryingOptions,
  work: (worked: () => void) => Promise<void>,
): Promise<void> {
  const { signal, log, failure, firstPauseMs, longestPauseMs } = options;
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    try {
      await work(() => {
        pauseMs = firstPauseMs;
      });
      if (signal.aborted) return;
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error, retry_in_ms: pauseMs }, failure);
    }
    // A pause that the signal cuts short rejects; the loop's condition ends it then.
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}
