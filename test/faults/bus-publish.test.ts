import { setTimeout as delay } from 'node:timers/promises';
import { type Bus, createBus, DEFAULT_LOG_LIMITS, type LogLimits } from '@mad-group/bus';
import { startRedis, type TestRedis, type TestRedisOptions } from '@mad-group/bus/testing';
import { createEnvelope, type Envelope, MAX_ENVELOPE_BYTES, silentLogger } from '@mad-group/protocol';
import { Redis } from 'ioredis';
import { afterEach, expect, test, vi } from 'vitest';
import { RAW_LOG, readRawLog } from '../kit/raw-log.ts';
import { figure, scaled } from '../kit/scale.ts';
import { startTcpProxy, type TcpProxy } from '../kit/tcp-proxy.ts';

const CHANNEL = 'mad.topic.faults';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function startServer(options: TestRedisOptions = {}): Promise<{ redis: TestRedis; plain: Redis }> {
  const redis = await startRedis(options);
  ending.push(() => redis.stop());
  return { redis, plain: connect(redis) };
}

function connect(redis: TestRedis): Redis {
  const client = new Redis(redis.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  // Refused while Redis is away; it comes back by itself.
  client.on('error', () => undefined);
  ending.push(async () => client.disconnect());
  return client;
}

async function startBus(url: string, limits: Partial<LogLimits> = {}): Promise<Bus> {
  const bus = createBus({ url, limits: { ...DEFAULT_LOG_LIMITS, ...limits } }, { log: silentLogger });
  ending.push(() => bus.stop());
  await bus.start();
  await expect.poll(() => bus.status().connected).toBe(true);
  return bus;
}

async function startProxied(redis: TestRedis): Promise<{ bus: Bus; proxy: TcpProxy }> {
  const proxy = await startTcpProxy(redis.port);
  ending.push(() => proxy.stop());
  return { proxy, bus: await startBus(`redis://:${redis.password}@127.0.0.1:${proxy.port}`) };
}

const message = (text = ''): Envelope =>
  createEnvelope({ channel: CHANNEL, senderId: 'tester', payload: { text } });

/** How often Redis ran each command since the last reset. */
async function commandCounts(plain: Redis): Promise<Record<string, number>> {
  const lines = (await plain.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  return Object.fromEntries([...lines].map(([, name = '', calls]) => [name, Number(calls)]));
}

/** Publishes so many, with `width` under way at a time. */
async function publishAll(bus: Bus, count: number, width: number, text = ''): Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>();
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const envelope = message(text);
      acknowledged.set(envelope.message_id, await bus.publish(envelope, { timeoutMs: 60_000 }));
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return acknowledged;
}

/** What a plain Redis client hears: message id and position of each. */
async function listen(redis: TestRedis): Promise<[id: string, position: string][]> {
  const client = connect(redis);
  const heard: [string, string][] = [];
  client.on('pmessage', (_pattern, _channel, text: string) => {
    const { message_id, position } = JSON.parse(text) as Envelope;
    heard.push([message_id, position ?? '']);
  });
  await client.psubscribe('mad.*');
  return heard;
}

type Entries = readonly (readonly [id: string, position: string])[];

/** The same messages at the same positions, each once; says which are not, of tens of thousands. */
function expectSame(log: Entries, acknowledged: Entries): void {
  const without = (from: Entries, others: Entries): string[] => {
    const known = new Set(others.map(String));
    return from.map(String).filter((entry) => !known.has(entry));
  };
  expect({
    lost: without(acknowledged, log),
    notAcknowledged: without(log, acknowledged),
    doubled: log.length - new Set(log.map(([id]) => id)).size,
    entries: log.length,
  }).toEqual({ lost: [], notAcknowledged: [], doubled: 0, entries: acknowledged.length });
}

/** Message id and position of each entry of the log. */
async function logOf(plain: Redis): Promise<[id: string, position: string][]> {
  const entries = await readRawLog(plain);
  return entries.map(({ envelope, position }) => [envelope.message_id, position]);
}

test('one publish is one call of one script, many share a call, and log and channel agree', async () => {
  const { redis, plain } = await startServer();
  const heard = await listen(redis);
  const bus = await startBus(redis.url);
  const count = scaled({ short: 20_000, full: 200_000 });

  // One alone. A word of the bus to itself may fall in between: then it is one more of these.
  await vi.waitFor(async () => {
    await plain.config('RESETSTAT');
    await bus.publish(message());
    const { evalsha, xadd, publish, ...rest } = await commandCounts(plain);
    expect({ evalsha, xadd, publish }).toEqual({ evalsha: 1, xadd: 1, publish: 1 });
    expect(rest).not.toHaveProperty('eval');
  });

  await plain.config('RESETSTAT');
  const acknowledged = await publishAll(bus, count, 1_000);
  const { evalsha = 0, xadd = 0, publish = 0, ...rest } = await commandCounts(plain);
  expect(rest).not.toHaveProperty('eval');
  expect(rest).not.toHaveProperty('script|load');
  // The bus's words to itself, one in two seconds, are beside the log.
  expect(xadd).toBeGreaterThanOrEqual(count);
  expect(publish).toBe(xadd);
  expect(evalsha).toBeLessThan(count / 20);
  const log = await logOf(plain);
  expect(log.slice(-count)).toEqual([...acknowledged]);
  await expect.poll(() => heard.length).toBe(log.length);
  expect(heard).toEqual(log);
  figure('bus publish', { messages: count, calls: evalsha, messagesInACall: Math.round(count / evalsha) });
});

test('the script is loaded again after Redis forgot it, and after Redis was killed', async () => {
  const { redis, plain } = await startServer({ appendonly: true, appendfsync: 'always' });
  const heard = await listen(redis);
  const bus = await startBus(redis.url);
  const acknowledged: [string, string][] = [];
  const faults = scaled({ short: 6, full: 40 });
  for (let fault = 0; fault < faults; fault += 1) {
    const publishing = publishAll(bus, 2_000, 100);
    await expect.poll(() => plain.xlen(RAW_LOG)).toBeGreaterThan(acknowledged.length + 200);
    if (fault % 2 === 0) await plain.script('FLUSH');
    else {
      await redis.kill('SIGKILL');
      await redis.restart();
    }
    acknowledged.push(...(await publishing));
  }
  const log = await logOf(plain);
  expectSame(log, acknowledged);
  // A listener hears what it is there for: all but what was published while it was cut off itself.
  const ids = new Set(log.map(([id]) => id));
  expect(heard.every(([id]) => ids.has(id))).toBe(true);
  expect(new Set(heard.map(([id]) => id)).size).toBe(heard.length);
  figure('bus script loaded again', { faults, messages: acknowledged.length, entries: log.length });
});

test('a lost answer and its retry make one entry, however often and whoever else publishes', async () => {
  const { redis, plain } = await startServer();
  const heard = await listen(redis);
  const publishers = await Promise.all(Array.from({ length: 4 }, () => startProxied(redis)));
  const wanted = scaled({ short: 100, full: 2_000 });
  let stop = false;
  const acknowledged: [string, string][] = [];
  const lost = (): number => publishers.reduce((sum, { proxy }) => sum + proxy.lost(), 0);
  const publishing = publishers.map(async ({ bus }) => {
    while (!stop) acknowledged.push(...(await publishAll(bus, 50, 10)));
  });
  for (let turn = 0; lost() < wanted; turn += 1) {
    const { bus, proxy } = publishers[turn % publishers.length] as (typeof publishers)[number];
    await expect.poll(() => bus.status().connected, { interval: 5 }).toBe(true);
    const before = proxy.lost();
    proxy.loseNextAnswer();
    await expect.poll(() => proxy.lost(), { interval: 5 }).toBeGreaterThan(before);
  }
  stop = true;
  await Promise.all(publishing);
  const log = await logOf(plain);
  expectSame(log, acknowledged);
  await expect.poll(() => heard.length).toBe(log.length);
  expect(heard).toEqual(log);
  figure('bus answers lost', {
    answersLost: lost(),
    publishers: publishers.length,
    acknowledged: acknowledged.length,
    entries: log.length,
    heardLive: heard.length,
  });
});

test('what the network delivers late makes no second entry either', async () => {
  const { redis, plain } = await startServer();
  const { bus, proxy } = await startProxied(redis);
  const rounds = scaled({ short: 2, full: 30 });
  const acknowledged: [string, string][] = [];
  for (let round = 0; round < rounds; round += 1) {
    await expect.poll(() => bus.status().connected).toBe(true);
    proxy.hold('to-target');
    const publishing = publishAll(bus, 1_000, 100);
    await expect.poll(() => bus.status().connected).toBe(false);
    proxy.releaseNew();
    acknowledged.push(...(await publishing));
    await proxy.heal();
    const refused = async () =>
      Number(/errorstat_STALE:count=(\d+)/.exec(await plain.info('errorstats'))?.[1] ?? 0);
    await expect.poll(refused).toBeGreaterThan(round);
  }
  const log = await logOf(plain);
  expectSame(log, acknowledged);
  figure('bus requests delivered late', { rounds, acknowledged: acknowledged.length, entries: log.length });
});

test('age, length and memory hold while two publishers go flat out', async () => {
  const seconds = scaled({ short: 5, full: 60 });
  const bounds: Record<string, { limits: Partial<LogLimits>; text: string }> = {
    length: { limits: { maxLength: scaled({ short: 10_000, full: 100_000 }) }, text: '' },
    age: { limits: { maxAgeMs: scaled({ short: 1_000, full: 10_000 }) }, text: '' },
    memory: {
      limits: { maxBytes: scaled({ short: 16, full: 256 }) * 1024 * 1024 },
      text: 'x'.repeat(4_000),
    },
  };
  for (const [bound, { limits, text }] of Object.entries(bounds)) {
    const { redis, plain } = await startServer();
    const buses = [await startBus(redis.url, limits), await startBus(redis.url, limits)];
    const most = { length: 0, ageMs: 0, bytes: 0 };
    let published = 0;
    let stop = false;
    const publishing = buses.map(async (bus) => {
      while (!stop) published += (await publishAll(bus, 5_000, 500, text)).size;
    });
    const endMs = performance.now() + seconds * 1_000;
    while (performance.now() < endMs) {
      const [length, bytes, [first], [now]] = await Promise.all([
        plain.xlen(RAW_LOG),
        plain.memory('USAGE', RAW_LOG, 'SAMPLES', 100),
        plain.xrange(RAW_LOG, '-', '+', 'COUNT', 1),
        plain.time(),
      ]);
      most.length = Math.max(most.length, length);
      most.bytes = Math.max(most.bytes, bytes ?? 0);
      most.ageMs = Math.max(
        most.ageMs,
        first ? Number(now) * 1_000 + 999 - Number.parseInt(first[0], 10) : 0,
      );
      await delay(50);
    }
    stop = true;
    await Promise.all(publishing);
    // Redis drops whole nodes of up to 100 entries; the clock of a sample is in seconds.
    if (limits.maxLength !== undefined) {
      expect(published).toBeGreaterThan(limits.maxLength);
      expect(most.length).toBeLessThanOrEqual(limits.maxLength + 100);
    }
    if (limits.maxAgeMs !== undefined) expect(most.ageMs).toBeLessThan(limits.maxAgeMs + 2_500);
    if (limits.maxBytes !== undefined) {
      expect(published * text.length).toBeGreaterThan(limits.maxBytes * 1.5);
      expect(most.bytes).toBeLessThan(limits.maxBytes * 1.25);
    }
    figure(`bus bounds: ${bound}`, { limits, seconds, published, most });
    for (const bus of buses) await bus.stop();
    await redis.stop();
  }
});

test('a message past 256 KiB is refused before a byte of it is sent', async () => {
  const { redis, plain } = await startServer();
  const { bus, proxy } = await startProxied(redis);
  const sizeOf = (envelope: Envelope): number => Buffer.byteLength(JSON.stringify(envelope));
  const room = MAX_ENVELOPE_BYTES - sizeOf(message());
  await bus.publish(message('x'.repeat(room)));
  const before = proxy.bytes('to-target');
  const refusals = 100;
  for (let index = 0; index < refusals; index += 1) {
    await expect(bus.publish(message('x'.repeat(room + 1)))).rejects.toMatchObject({
      code: 'payload_too_large',
      message: `The message is ${MAX_ENVELOPE_BYTES + 1} bytes long; the bus takes at most ${MAX_ENVELOPE_BYTES} (256 KiB). Send it in parts, or send a reference to it.`,
    });
  }
  // Measured in characters it would have passed.
  await expect(bus.publish(message('ü'.repeat(room / 2 + 1)))).rejects.toMatchObject({
    code: 'payload_too_large',
  });
  const sent = proxy.bytes('to-target') - before;
  // Pings and the bus's words to itself.
  expect(sent).toBeLessThan(20_000);
  expect(await plain.xlen(RAW_LOG)).toBe(1);
  figure('bus messages too large', { refusals: refusals + 1, bytesSent: sent, limit: MAX_ENVELOPE_BYTES });
});
