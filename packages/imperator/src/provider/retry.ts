import { setTimeout as sleep } from 'node:timers/promises';
import { ERROR_CODES, type Logger, MadError } from '@mad-group/protocol';
import type { Circuit } from './circuit.ts';

export interface RetryPolicy {
  /** Attempts after the first one. */
  readonly maxRetries: number;
  /** Wait before the first retry, in milliseconds; doubles with each. */
  readonly baseDelayMs: number;
  /** Longest wait that we choose ourselves, in milliseconds. */
  readonly maxDelayMs: number;
  /** Longest wait that a provider may ask for, in milliseconds; past it the error is final. */
  readonly maxRetryAfterMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  maxRetries: 3,
  baseDelayMs: 500,
  maxDelayMs: 8_000,
  maxRetryAfterMs: 30_000,
};

/**
 * Wait before retry number `retry` (from 0), in milliseconds: exponential, with equal jitter (half
 * fixed, half random), so that clients that failed together do not come back together. What the
 * provider asks for wins over it.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  retry: number,
  retryAfterMs: number | undefined,
  random: () => number = Math.random,
): number {
  const backoffMs = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** retry);
  return Math.max(retryAfterMs ?? 0, backoffMs / 2 + (random() * backoffMs) / 2);
}

/** Whether this error may go away by itself, soon enough to wait for. */
function isWorthARetry(error: unknown, policy: RetryPolicy): error is MadError {
  return (
    error instanceof MadError &&
    ERROR_CODES[error.code].retryable &&
    (error.retryAfterMs ?? 0) <= policy.maxRetryAfterMs
  );
}

/** What the tries of one request have in common. */
export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly onRetry?: (() => void) | undefined;
}

/**
 * Waits before the next attempt, or throws the error where there is none: the retries are spent, it
 * would not help, or the signal is aborted.
 */
export async function waitForRetry(error: unknown, retry: number, options: RetryOptions): Promise<void> {
  const { policy, signal, log } = options;
  signal.throwIfAborted();
  if (retry >= policy.maxRetries || !isWorthARetry(error, policy)) throw error;
  const delayMs = Math.round(retryDelayMs(policy, retry, error.retryAfterMs));
  log.warn({ code: error.code, reason: error.message, retry: retry + 1, delayMs }, 'model provider retry');
  options.onRetry?.();
  await pause(delayMs, signal);
}

/**
 * Waits before the next attempt at a provider that is away, however many there were; the circuit
 * then lets it through or not. Throws the error where the time is over.
 *
 * @param untilMs when to give up, by `performance.now()`
 */
export async function waitForOutage(
  error: MadError,
  outages: number,
  options: RetryOptions & { readonly untilMs: number; readonly circuit: Circuit },
): Promise<void> {
  const { policy, signal, log, untilMs, circuit } = options;
  signal.throwIfAborted();
  const leftMs = untilMs - performance.now();
  const askedMs = error.retryAfterMs ?? 0;
  if (askedMs > policy.maxRetryAfterMs) throw error;
  if (leftMs <= 0) throw circuit.status().awaySinceMs === null ? error : circuit.away();
  const delayMs = Math.round(Math.min(leftMs, retryDelayMs(policy, outages, error.retryAfterMs)));
  log.debug({ code: error.code, reason: error.message, delayMs }, 'model provider away');
  options.onRetry?.();
  await pause(delayMs, signal);
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch {
    // The only way in here is the signal: its reason says more than the timer's own AbortError.
    throw signal.reason;
  }
}
