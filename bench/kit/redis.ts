import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { Redis } from 'ioredis';

/** Redis as the group runs it: append-only, synced once a second, refusing where memory is out. Both sides use it. */
export const startBenchRedis = (): Promise<TestRedis> => startRedis({ appendonly: true });

/** Empties it, so that each run begins with the same. */
export async function emptyRedis({ url }: TestRedis): Promise<void> {
  const redis = new Redis(url);
  await redis.flushall();
  await redis.quit();
}
