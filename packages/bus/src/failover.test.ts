import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadLogScripts } from './redis-scripts.ts';
import { startRedis, type TestRedis } from './testing/redis-server.ts';

const KEYS = ['{test}:log', '{test}:log:head'];

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis({ appendonly: true, appendfsync: 'always' });
  redis = new Redis(server.url);
  // While the server is started again.
  redis.on('error', () => undefined);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** The log's epoch, and its entries, as the script finds or makes them. */
async function look(scripts: ReturnType<typeof loadLogScripts>, newEpoch: string): Promise<[string, number]> {
  const [epoch] = (await redis.eval(scripts.head.text, KEYS.length, ...KEYS, newEpoch)) as [string];
  return [epoch, await redis.xlen(KEYS[0] as string)];
}

/** Follows nobody for a moment: all that a promotion is, for the ids. */
async function promote(): Promise<void> {
  await redis.replicaof('127.0.0.1', 1);
  await redis.replicaof('NO', 'ONE');
}

test('each promotion begins one epoch, for whoever looks first, and a restart begins none', async () => {
  const scripts = loadLogScripts({ failsOver: true });
  expect(await look(scripts, 'first')).toEqual(['first', 0]);
  await redis.xadd(KEYS[0] as string, '1-1', 'channel', 'x', 'first', '{}');
  expect(await look(scripts, 'no need')).toEqual(['first', 1]);
  await server.restart();
  expect(await look(scripts, 'no need')).toEqual(['first', 1]);

  await promote();
  expect(await look(scripts, 'second')).toEqual(['second', 0]);
  await redis.xadd(KEYS[0] as string, '1-1', 'channel', 'x', 'second', '{}');
  expect(await look(scripts, 'no need')).toEqual(['second', 1]);
  await server.restart();
  expect(await look(scripts, 'no need')).toEqual(['second', 1]);

  await promote();
  await promote();
  expect(await look(scripts, 'third')).toEqual(['third', 0]);
  expect(await look(scripts, 'no need')).toEqual(['third', 0]);
  // As by somebody's hand.
  await redis.del(...KEYS);
  expect(await look(scripts, 'fourth')).toEqual(['fourth', 0]);
  expect(await look(scripts, 'no need')).toEqual(['fourth', 0]);
});

test('at an address that is not of a Sentinel nobody asks', async () => {
  const scripts = loadLogScripts();
  const [epoch] = await look(scripts, 'fifth');
  await promote();
  expect(await look(scripts, 'no need')).toEqual([epoch, 0]);
});
