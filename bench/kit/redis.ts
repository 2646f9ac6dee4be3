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

/** Processor time of its main thread until now, in milliseconds. */
export async function redisCpuMs({ url }: TestRedis): Promise<number> {
  const redis = new Redis(url);
  const info = await redis.info('cpu');
  await redis.quit();
  const of = (key: string): number => Number(new RegExp(`${key}:([\\d.]+)`).exec(info)?.[1]);
  return (of('used_cpu_sys_main_thread') + of('used_cpu_user_main_thread')) * 1000;
}
