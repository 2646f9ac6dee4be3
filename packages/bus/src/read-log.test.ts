import { once } from 'node:events';
import { type Logger, silentLogger } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { afterEach, expect, test, vi } from 'vitest';
import type { LogBatch, ReadOptions } from './bus.ts';
import { DEFAULT_LOG_LIMITS } from './log-limits.ts';
import type { LoopbackEar } from './loopback.ts';
import { readLog } from './read-log.ts';
import { createRedisBus } from './redis-bus.ts';
import { RedisConnection } from './redis-connection.ts';
import { DEFAULT_KEY_PREFIX, redisKeys } from './redis-keys.ts';
import { loadLogScripts } from './redis-scripts.ts';
import { redisAt } from './redis-url.ts';
import { message } from './testing/reading.ts';
import { startRedis } from './testing/redis-server.ts';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const silentEar: LoopbackEar = {
  key: 'loopback',
  sent: 0,
  taken: 0,
  onTaken: () => () => undefined,
  say: () => undefined,
  rebuild: () => undefined,
};

/** A reader whose connection the test can lay hands on. */
function openReader(url: string, options: Partial<ReadOptions> = {}, log: Logger = silentLogger) {
  const connection = new RedisConnection(redisAt(url), 'reader', loadLogScripts(), () => undefined);
  const stop = new AbortController();
  const part = { away: () => undefined, here: () => undefined, end: () => undefined };
  const deps = {
    keys: redisKeys(DEFAULT_KEY_PREFIX),
    log,
    loopback: silentEar,
    part,
    connect: () => connection,
  };
  const batches = readLog(deps, {
    from: 'start',
    patterns: () => ['mad.#'],
    signal: stop.signal,
    ...options,
  });
  ending.push(async () => stop.abort());
  return { connection, batches, stop };
}

async function startBus() {
  const server = await startRedis({ appendonly: true });
  ending.push(() => server.stop());
  const bus = createRedisBus({ url: server.url, log: silentLogger, limits: DEFAULT_LOG_LIMITS });
  ending.push(() => bus.stop());
  await bus.start();
  return { server, bus };
}

const textsOf = ({ value }: IteratorResult<LogBatch>): unknown[] =>
  (value as LogBatch).items.map((item) => (item.kind === 'message' ? item.envelope.payload.text : item.kind));

test('a reader that was never connected waits its time, again and again', async () => {
  // Nothing listens on port 1.
  const { connection, batches, stop } = openReader('redis://127.0.0.1:1', { idleMs: 50 });
  const atMs: number[] = [];
  const wait = connection.waitUntilReady.bind(connection);
  vi.spyOn(connection, 'waitUntilReady').mockImplementation((...given) => {
    atMs.push(performance.now());
    return wait(...given);
  });
  const reading = batches.next();
  await vi.waitFor(() => expect(atMs.length).toBeGreaterThan(10), 10_000);
  expect((atMs[10] as number) - (atMs[0] as number)).toBeGreaterThan(400);
  stop.abort();
  expect((await reading).done).toBe(true);
});

test('what follows is read again where taking it failed, and the failure is told of', async () => {
  const { server, bus } = await startBus();
  await bus.publish(message('1'));
  await bus.publish(message('2'));
  const { log, lines } = recordingLog();
  let asked = 0;
  const patterns = (): string[] => {
    asked += 1;
    if (asked === 1) throw new TypeError('no patterns today');
    return ['mad.#'];
  };
  const { batches, stop } = openReader(server.url, { patterns, idleMs: 60_000 }, log);
  expect(textsOf(await batches.next())).toEqual(['1', '2']);
  expect(lines).toMatchObject([{ level: 'error', facts: { err: expect.any(TypeError) } }]);
  stop.abort();
});

test('a reader that is asked right behind the end of its socket lets that end be heard', async () => {
  const { server, bus } = await startBus();
  await bus.publish(message('before'));
  const { connection, batches, stop } = openReader(server.url, { idleMs: 60_000 });
  expect(textsOf(await batches.next())).toEqual(['before']);
  const socketEnd = once(connection.redis.stream, 'end');
  await server.kill();
  await socketEnd;
  const next = batches.next();
  await server.restart();
  await bus.publish(message('after'), { timeoutMs: 20_000 });
  expect(textsOf(await next)).toEqual(['after']);
  stop.abort();
});
