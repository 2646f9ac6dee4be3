import { DEFAULT_TIMEOUT_MS } from './read-defaults.ts';
import type { RedisConnection, ScriptedRedis } from './redis-connection.ts';
import { busUnavailable, describeRedisError } from './redis-errors.ts';
import { WakeUp } from './wake-up.ts';

/** Pause after a refusal, as of a Redis that is loading or out of memory, in milliseconds. */
const REFUSED_PAUSE_MS = 200;

/**
 * Runs what may be repeated, again and again until it succeeds or the time is over.
 *
 * @throws MadError `bus_unavailable`
 */
export async function runCommand<Result>(
  connection: RedisConnection,
  command: (redis: ScriptedRedis) => Promise<Result>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: { timeoutMs?: number; signal: AbortSignal },
): Promise<Result> {
  const endMs = performance.now() + timeoutMs;
  const leftMs = (): number => endMs - performance.now();
  const pause = new WakeUp();
  let reason: string | undefined;
  while (!signal.aborted && leftMs() > 0) {
    if (!(await connection.waitUntilReady(leftMs(), signal))) break;
    try {
      return await inTime(command(connection.redis), leftMs());
    } catch (error) {
      reason = describeRedisError(error);
      await pause.wait(Math.min(REFUSED_PAUSE_MS, leftMs()), signal);
    }
  }
  throw busUnavailable(connection.ready && reason !== undefined ? reason : connection.reason, timeoutMs);
}

async function inTime<Result>(promise: Promise<Result>, timeoutMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
