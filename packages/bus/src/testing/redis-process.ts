import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';

/** A busy machine that loads a long append-only file takes its time. */
const START_TIMEOUT_MS = 60_000;

/**
 * Starts a `redis-server` and waits until it answers at `url`.
 *
 * @throws Error where there is no `redis-server` on the PATH, or it does not start
 */
export async function startRedisProcess(args: readonly string[], url: string): Promise<ChildProcess> {
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  // A test run that is broken off leaves no server behind.
  const killChild = (): void => void child.kill('SIGKILL');
  process.once('exit', killChild);
  child.once('exit', () => process.off('exit', killChild));
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new Error(
      'redis-server is not on the PATH: install Redis 7 (apt-get install redis-server, or brew install redis).',
      { cause: error },
    );
  }
  try {
    await untilReady(url, child);
  } catch (error) {
    await endProcess(child, 'SIGKILL');
    throw error;
  }
  return child;
}

/** Signals a process and waits for its end, also where it has ended already. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const redis = new Redis(url, {
    retryStrategy: () => 25,
    maxRetriesPerRequest: null,
    connectTimeout: START_TIMEOUT_MS,
  });
  // Refused connections until it listens.
  redis.on('error', () => undefined);
  const failed = new AbortController();
  try {
    await Promise.race([
      redis.ping(),
      once(child, 'exit', failed).then(() => {
        throw new Error('redis-server ended before it was ready: is its port free?');
      }),
      new Promise((_, reject) => {
        const late = new Error(`redis-server was not ready after ${START_TIMEOUT_MS / 1_000} s`);
        const timer = setTimeout(() => reject(late), START_TIMEOUT_MS);
        failed.signal.addEventListener('abort', () => clearTimeout(timer));
      }),
    ]);
  } finally {
    redis.disconnect();
    failed.abort();
  }
}
