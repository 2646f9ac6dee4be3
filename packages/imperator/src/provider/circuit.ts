import { setTimeout as sleep } from 'node:timers/promises';
import { ERROR_CODES, type ErrorCode, type Logger, MadError } from '@mad-group/protocol';
import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  halfJitterGenerator,
  handleWhen,
} from 'cockatiel';

/** `open`: the provider is away and is left alone. `half-open`: one request tries whether it is back. */
export type CircuitName = 'closed' | 'half-open' | 'open';

export interface CircuitStatus {
  readonly state: CircuitName;
  /** Since when the provider is away, in milliseconds since 1970; null while it is there. */
  readonly awaySinceMs: number | null;
  /** The failure that says so. */
  readonly reason: string | null;
}

export interface CircuitOptions {
  readonly log: Logger;
  /** Told of each change. */
  readonly onChange?: ((state: CircuitName) => void) | undefined;
  /** Failures one after the other that mean an outage. Default 5. */
  readonly failures?: number;
  /** Wait before the first request that tries again, in milliseconds; it doubles. Default 1,000. */
  readonly firstWaitMs?: number;
  /** Longest of these waits, in milliseconds. Default 5,000. */
  readonly mostWaitMs?: number;
}

export interface Circuit {
  status(): CircuitStatus;
  /** The failure of an answer that waited in vain. */
  away(): MadError;
  /**
   * Runs a request where the provider is there, or where it is this one's turn to try; else it waits
   * for that.
   *
   * @param untilMs when to give up waiting, by `performance.now()`
   * @throws MadError `provider_unavailable` where the provider is away until then; what the request
   *   throws; the signal's reason
   */
  run<T>(request: () => Promise<T>, options: { signal: AbortSignal; untilMs: number }): Promise<T>;
}

const NAMES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
} as const satisfies Record<CircuitState, CircuitName>;

/** How often those who wait look whether it is their turn to try, in milliseconds. */
const LOOK_MS = 250;

const OUTAGES: ReadonlySet<ErrorCode> = new Set(['provider_unavailable', 'provider_timeout']);

/** Whether the provider is away, as opposed to there and unwilling. */
export const isOutage = (error: unknown): error is MadError =>
  error instanceof MadError && OUTAGES.has(error.code) && ERROR_CODES[error.code].retryable;

/** Spares a provider that is away: after some failures in a row only one request at a time tries it. */
export function createCircuit(options: CircuitOptions): Circuit {
  const { log, onChange, failures = 5, firstWaitMs = 1_000, mostWaitMs = 5_000 } = options;
  let awaySinceMs: number | null = null;
  let reason: string | null = null;
  let firstFailureMs: number | null = null;
  let changed = new AbortController();

  const breaker = circuitBreaker(
    // A request that tries and is cancelled has learned nothing; it must not count as an answer.
    handleWhen(
      (error) => isOutage(error) || (!(error instanceof MadError) && breaker.state === CircuitState.HalfOpen),
    ),
    {
      breaker: new ConsecutiveBreaker(failures),
      halfOpenAfter: new ExponentialBackoff({
        initialDelay: firstWaitMs,
        maxDelay: mostWaitMs,
        generator: halfJitterGenerator,
      }),
    },
  );
  breaker.onSuccess(() => {
    firstFailureMs = null;
  });
  breaker.onFailure(({ reason: failure }) => {
    if (!('error' in failure) || !isOutage(failure.error)) return;
    firstFailureMs ??= Date.now();
    reason = failure.error.message;
  });
  breaker.onStateChange((state) => {
    if (state === CircuitState.Open && awaySinceMs === null) {
      awaySinceMs = firstFailureMs ?? Date.now();
      log.warn({ reason }, 'The model provider is away; tasks wait for it');
    }
    if (state === CircuitState.Closed) {
      log.info({ away_ms: Date.now() - (awaySinceMs ?? Date.now()) }, 'The model provider is back');
      awaySinceMs = null;
      reason = null;
    }
    onChange?.(NAMES[state]);
    const waiting = changed;
    changed = new AbortController();
    waiting.abort();
  });
  onChange?.('closed');

  function away(): MadError {
    const forMs = awaySinceMs === null ? 0 : Date.now() - awaySinceMs;
    const seconds = Math.max(1, Math.round(forMs / 1000));
    const words = `The model provider has been away for ${seconds} s. ${reason ?? ''}`.trim();
    return new MadError('provider_unavailable', words);
  }

  async function untilChange(signal: AbortSignal, longestMs: number): Promise<void> {
    const either = AbortSignal.any([signal, changed.signal]);
    try {
      await sleep(Math.min(LOOK_MS, longestMs), undefined, { signal: either });
    } catch (error) {
      // A change ends the wait as well as its time does.
      if (!either.aborted) throw error;
    }
    signal.throwIfAborted();
  }

  return {
    away,
    status: () => ({
      state: NAMES[breaker.state],
      awaySinceMs,
      reason: awaySinceMs === null ? null : reason,
    }),
    async run(request, { signal, untilMs }) {
      for (;;) {
        signal.throwIfAborted();
        // The library lets others wait for the one that tries, deaf to their signals: they wait here.
        if (breaker.state !== CircuitState.HalfOpen) {
          try {
            return await breaker.execute(request);
          } catch (error) {
            if (!(error instanceof BrokenCircuitError)) throw error;
          }
        }
        const leftMs = untilMs - performance.now();
        if (leftMs <= 0) throw away();
        await untilChange(signal, leftMs);
      }
    },
  };
}
