import { type Logger, silentLogger } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Bus, LogItem } from './bus.ts';
import { DEFAULT_LOG_LIMITS } from './log-limits.ts';
import { createRedisBus } from './redis-bus.ts';
import { collect, message } from './testing/reading.ts';
import { startRedis, type TestRedis, type TestRedisOptions } from './testing/redis-server.ts';
import { startTcpProxy } from './testing/tcp-proxy.ts';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function startServer(options: TestRedisOptions = {}): Promise<TestRedis> {
  const server = await startRedis(options);
  ending.push(() => server.stop());
  return server;
}

async function startBus(url: string, options: { log?: Logger; password?: string } = {}): Promise<Bus> {
  const bus = createRedisBus({ url, log: silentLogger, limits: DEFAULT_LOG_LIMITS, ...options });
  ending.push(() => bus.stop());
  await bus.start();
  return bus;
}

const ALL = { patterns: () => ['mad.#'] };
const texts = (items: readonly LogItem[]): unknown[] =>
  items.map((item) => (item.kind === 'message' ? item.envelope.payload.text : item.reason));
/** Calls that the script has refused. */
const refusedAsStale = async (redis: Redis): Promise<number> =>
  Number(/errorstat_STALE:count=(\d+)/.exec(await redis.info('errorstats'))?.[1] ?? 0);
const connected = (bus: Bus) => vi.waitFor(() => expect(bus.status().connected).toBe(true), 10_000);

describe('a Redis that is killed and comes back with its file', { timeout: 30_000 }, () => {
  test('loses and doubles nothing for publisher and reader, which go on by themselves', async () => {
    const server = await startServer({ appendonly: true, appendfsync: 'always' });
    const bus = await startBus(server.url);
    const stop = new AbortController();
    const items: LogItem[] = [];
    const reading = (async () => {
      for await (const batch of bus.read({ from: 'start', ...ALL, signal: stop.signal }))
        items.push(...batch.items);
    })();
    const said: string[] = [];
    const publish = async (text: string): Promise<void> => {
      said.push(text);
      await bus.publish(message(text), { timeoutMs: 20_000 });
    };
    const killing = (async () => {
      for (const sofar of [300, 900]) {
        await vi.waitFor(() => expect(said.length).toBeGreaterThan(sofar), 10_000);
        await server.kill('SIGKILL');
        await server.restart();
      }
    })();
    for (let round = 0; round < 150; round += 1) {
      await Promise.all(Array.from({ length: 10 }, (_, index) => publish(`${round}.${index}`)));
    }
    await killing;
    await vi.waitFor(() => expect(items.length).toBeGreaterThanOrEqual(said.length), 10_000);
    expect(texts(items)).toEqual(said);
    stop.abort();
    await reading;
  });
});

describe('an answer that is lost', () => {
  test('is asked for again, and makes one entry', async () => {
    const server = await startServer();
    const proxy = await startTcpProxy(server.port);
    ending.push(() => proxy.stop());
    const bus = await startBus(`redis://:${server.password}@127.0.0.1:${proxy.port}`);
    await bus.publish(message('before'));
    proxy.loseNextAnswer();
    const positions = await Promise.all(['1', '2', '3'].map((text) => bus.publish(message(text))));
    expect(proxy.lost()).toBe(1);
    const { items } = await bus.readOnce({ from: 'start', ...ALL });
    expect(texts(items)).toEqual(['before', '1', '2', '3']);
    expect(items.slice(1)).toMatchObject(positions.map((position) => ({ envelope: { position } })));
  });
});

describe('a network that holds back what was sent', { timeout: 30_000 }, () => {
  test('delivers it after it was sent again on another connection, and there is one entry', async () => {
    const server = await startServer();
    const proxy = await startTcpProxy(server.port);
    ending.push(() => proxy.stop());
    const bus = await startBus(`redis://:${server.password}@127.0.0.1:${proxy.port}`);
    await bus.publish(message('before'));
    proxy.hold('to-target');
    const publishing = ['1', '2', '3'].map((text) => bus.publish(message(text), { timeoutMs: 20_000 }));
    await vi.waitFor(() => expect(bus.status().connected).toBe(false), 10_000);
    // New connections pass, and what was held back comes behind them.
    proxy.releaseNew();
    await Promise.all(publishing);
    await proxy.heal();
    const plain = new Redis(server.url);
    ending.push(async () => plain.disconnect());
    await vi.waitFor(async () => expect(await refusedAsStale(plain)).toBeGreaterThan(0));
    const { items } = await bus.readOnce({ from: 'start', ...ALL });
    expect(texts(items)).toEqual(['before', '1', '2', '3']);
  });
});

describe('a script that Redis forgets while calls are under way', () => {
  test('is loaded again, and order and positions hold', async () => {
    const server = await startServer();
    const bus = await startBus(server.url);
    const plain = new Redis(server.url);
    ending.push(async () => plain.disconnect());
    const said: string[] = [];
    const positions: Promise<string>[] = [];
    for (let round = 0; round < 300; round += 1) {
      if (round % 20 === 10) void plain.script('FLUSH');
      for (const index of [0, 1, 2]) {
        said.push(`${round}.${index}`);
        positions.push(bus.publish(message(`${round}.${index}`)));
      }
      await new Promise(setImmediate);
    }
    const acknowledged = await Promise.all(positions);
    const { items } = await bus.readOnce({ from: 'start', ...ALL, maxBatch: 1_000 });
    expect(texts(items)).toEqual(said);
    expect(items.map((item) => item.kind === 'message' && item.envelope.position)).toEqual(acknowledged);
  });
});

describe('a connection that answers and carries nothing', { timeout: 40_000 }, () => {
  test('is found by a reader that does not hear its own process, and built anew', async () => {
    // Two servers: the reader's connection leads to the one that nobody publishes to.
    const server = await startServer();
    const yesterday = await startServer({ password: server.password });
    const proxy = await startTcpProxy(server.port);
    ending.push(() => proxy.stop());
    const bus = await startBus(`redis://:${server.password}@127.0.0.1:${proxy.port}`);
    await connected(bus);
    proxy.retarget(yesterday.port);
    const reading = collect(bus, { from: 'end' }, 1);
    const changes: string[] = [];
    bus.onStatus((status) => changes.push(status.connected ? 'connected' : String(status.reason)));
    await vi.waitFor(
      () => expect(changes[0]).toBe('it answers, but what is published does not arrive'),
      10_000,
    );
    proxy.retarget(server.port);
    await connected(bus);
    await bus.publish(message('after'));
    expect(texts(await reading).at(-1)).toMatch(/after|epoch/);
  });
});

describe('a Redis that is away', { timeout: 30_000 }, () => {
  test('is waited for at the start, and told of once', async () => {
    const server = await startServer();
    await server.kill();
    const { log, lines } = recordingLog();
    const bus = await startBus(server.url, { log });
    const publishing = bus.publish(message('early'), { timeoutMs: 20_000 });
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]?.message).toBe(`Redis is away: ECONNREFUSED 127.0.0.1:${server.port}. Waiting.`);
    expect(bus.status()).toEqual({
      connected: false,
      sinceMs: null,
      reason: `ECONNREFUSED 127.0.0.1:${server.port}`,
    });
    await server.restart();
    await publishing;
    await connected(bus);
    expect(lines).toHaveLength(1);
    expect(texts(await collect(bus, { from: 'start' }, 1))).toEqual(['early']);
  });

  test('fails a publish, a read and a value when their time is over, in words', async () => {
    const server = await startServer();
    const bus = await startBus(server.url);
    await bus.publish(message('before'));
    await server.kill();
    const began = performance.now();
    await expect(bus.publish(message('late'), { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'bus_unavailable',
      message: expect.stringMatching(
        /^The bus did not answer within 0\.3 s: Redis is away \(.+\)\. Try again later\.$/,
      ),
      retryAfterMs: expect.any(Number),
    });
    expect(performance.now() - began).toBeLessThan(2_000);
    await expect(bus.readOnce({ from: 'start', ...ALL })).rejects.toMatchObject({ code: 'bus_unavailable' });
    expect(bus.status().connected).toBe(false);
  });

  test('is noticed when it no longer answers, and when it does again', async () => {
    const server = await startServer();
    const bus = await startBus(server.url);
    await bus.publish(message('before'));
    await connected(bus);
    const changes: boolean[] = [];
    bus.onStatus((status) => changes.push(status.connected));
    await server.kill('SIGSTOP');
    await vi.waitFor(() => expect(bus.status().connected).toBe(false), 10_000);
    await expect(bus.publish(message('lost'), { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'bus_unavailable',
    });
    await server.kill('SIGCONT');
    await connected(bus);
    await bus.publish(message('after'));
    const { items } = await bus.readOnce({ from: 'start', ...ALL });
    // What was given up may have been on its way, and Redis was only asleep.
    expect(texts(items).filter((text) => text !== 'lost')).toEqual(['before', 'after']);
    expect(changes[0]).toBe(false);
    expect(changes.at(-1)).toBe(true);
  });

  test('gives a reader idle batches that are not caught up', async () => {
    const server = await startServer();
    const bus = await startBus(server.url);
    const last = await bus.publish(message('before'));
    const stop = new AbortController();
    const seen: boolean[] = [];
    for await (const batch of bus.read({ from: 'end', ...ALL, signal: stop.signal, idleMs: 30 })) {
      expect(batch).toMatchObject({ items: [], position: last });
      seen.push(batch.caughtUp);
      if (seen.length === 1) await server.kill();
      if (!batch.caughtUp) break;
    }
    expect(seen).toContain(true);
    expect(seen.at(-1)).toBe(false);
  });

  test('with another password is one clear line', async () => {
    const server = await startServer();
    const { log, lines } = recordingLog();
    const bus = await startBus(server.url, { log, password: 'wrong' });
    await expect(bus.publish(message('never'), { timeoutMs: 500 })).rejects.toThrow(/set REDIS_PASSWORD/);
    expect(lines).toEqual([
      {
        level: 'error',
        facts: {},
        message: 'Redis is away: it refuses the password, set REDIS_PASSWORD. Waiting.',
      },
    ]);
  });

  test('without the password that it wants is the same line', async () => {
    const server = await startServer();
    const { log, lines } = recordingLog();
    await startBus(`redis://127.0.0.1:${server.port}`, { log });
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]?.message).toContain('set REDIS_PASSWORD');
  });

  test('takes the password that is given apart before the one in its address', async () => {
    const server = await startServer({ password: 'p%4 :/@ü' });
    const bus = await startBus(`redis://:wrong@127.0.0.1:${server.port}`, { password: server.password });
    await bus.publish(message('in'));
    expect(bus.status().connected).toBe(true);
  });

  test('is out of memory: a publish says so, and goes on when there is room', async () => {
    const server = await startServer();
    const bus = await startBus(server.url);
    const admin = new Redis(server.url);
    ending.push(async () => admin.disconnect());
    await connected(bus);
    await admin.config('SET', 'maxmemory', '1');
    await expect(bus.publish(message('full'), { timeoutMs: 300 })).rejects.toThrow(/OOM/);
    const waiting = bus.publish(message('fits'));
    await admin.config('SET', 'maxmemory', '0');
    await waiting;
    expect(texts((await bus.readOnce({ from: 'start', ...ALL })).items)).toEqual(['fits']);
  });
});
