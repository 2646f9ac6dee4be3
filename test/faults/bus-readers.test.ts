import { setTimeout as delay } from 'node:timers/promises';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { connectTools, type ToolClient } from '@mad-group/mad';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BusReader, startBusReader } from '../kit/bus-reader.ts';
import { type Group, startGroup } from '../kit/group.ts';
import { readMetrics, sumOf } from '../kit/metrics.ts';
import { run } from '../kit/process.ts';
import { RAW_LOG, readRawLog } from '../kit/raw-log.ts';
import { figure, scaled } from '../kit/scale.ts';
import { type SteadyPublisher, startSteadyPublisher } from '../kit/steady-publisher.ts';
import { startTcpProxy, type TcpProxy } from '../kit/tcp-proxy.ts';

/** From the start of an outage until it is reported, in milliseconds. */
const REPORTED_MS = 10_000;
/** From the return of Redis until readers read what is published then. */
const READING_ON_MS = 5_000;
const PER_SECOND = 30;
const CLIENT = 'watcher';
const POLL_LIMIT = 1_000;

let redis: TestRedis;
let proxy: TcpProxy;
let group: Group;
let grace: ToolClient;
let readers: BusReader[];
let publisher: SteadyPublisher;

/** All that Grace gave its client, by position. */
let graceIds: string[];
let gracePosition: string;

const plain = async <T>(command: (client: Redis) => Promise<T>): Promise<T> => {
  const client = new Redis(redis.url);
  try {
    return await command(client);
  } finally {
    client.disconnect();
  }
};

beforeEach(async () => {
  // What was acknowledged must outlive a kill: the figure is of readers, not of the disk's second.
  redis = await startRedis({ appendonly: true, appendfsync: 'always' });
  proxy = await startTcpProxy(redis.port);
  const url = `redis://:${redis.password}@127.0.0.1:${proxy.port}`;
  group = await startGroup({ REDIS_URL: url, REDIS_PASSWORD: redis.password });
  grace = await connectTools(group.url('grace'));
  await grace.callOrThrow('grace_subscribe', { client_id: CLIENT, topics: ['mad.topic.steady'] });
  gracePosition = (await grace.callOrThrow('grace_poll_messages', { client_id: CLIENT })).position as string;
  graceIds = [];
  readers = [startBusReader(url), startBusReader(url)];
  // Its way does not lead through the proxy: it goes on while the readers are cut off.
  publisher = await startSteadyPublisher(redis.url, { perSecond: PER_SECOND });
  await untilRead(await publisher.say());
});
afterEach(async () => {
  await proxy.heal();
  await publisher.stop();
  await Promise.all(readers.map((reader) => reader.stop()));
  await grace.close();
  await group.stop();
  await proxy.stop();
  await redis.stop();
});

const metrics = () => readMetrics(`${group.platformUrl}/metrics`);
const outages = async (): Promise<number> =>
  sumOf(await metrics(), 'mad_bus_outages_total', { mad: 'grace' });
const counted = async (): Promise<number> =>
  sumOf(await metrics(), 'mad_bus_messages_total', { sender_id: 'steady' });

/** Takes what Grace has for its client; gives all that it ever had. */
async function pollGrace(): Promise<readonly string[]> {
  for (;;) {
    const after = gracePosition;
    const reply = await grace.call('grace_poll_messages', { client_id: CLIENT, after, limit: POLL_LIMIT });
    // Refused while the bus is away.
    if (reply.status !== 'success') return graceIds;
    expect(reply.gaps).toBeUndefined();
    const messages = reply.messages as { message_id: string }[];
    graceIds.push(...messages.map(({ message_id }) => message_id));
    gracePosition = reply.position as string;
    if (messages.length < POLL_LIMIT) return graceIds;
  }
}

interface ReadingOn {
  readonly readersMs: number;
  readonly graceMs: number;
  readonly rogersMs: number;
}

/** Resolves when the readers, Grace and Rogers have read this message, and all before it. */
async function untilRead(messageId: string): Promise<ReadingOn> {
  const rank = [...publisher.acknowledged.keys()].indexOf(messageId) + 1;
  const beganMs = performance.now();
  const sinceMs = (): number => Math.round(performance.now() - beganMs);
  const [readersMs, graceMs, rogersMs] = await Promise.all([
    expect
      .poll(() => readers.every((reader) => reader.has(messageId)))
      .toBe(true)
      .then(sinceMs),
    expect
      .poll(async () => (await pollGrace()).includes(messageId))
      .toBe(true)
      .then(sinceMs),
    expect.poll(counted).toBeGreaterThanOrEqual(rank).then(sinceMs),
  ]);
  return { readersMs, graceMs, rogersMs };
}

/** Every reader has each entry of the log once, in its order. */
async function judge(): Promise<number> {
  await publisher.stop();
  const entries = await plain((client) => readRawLog(client));
  const ids = entries.map(({ envelope }) => envelope.message_id);
  const steady = ids.filter((_, index) => entries[index]?.channel === 'mad.topic.steady');
  expect(new Set(steady).size).toBe(steady.length);
  expect(steady.toSorted()).toEqual([...publisher.acknowledged.keys()].toSorted());
  await expect.poll(counted).toBe(steady.length);
  await expect.poll(async () => (await pollGrace()).length).toBe(steady.length);
  expect(graceIds).toEqual(steady);
  const last = steady.at(-1) as string;
  for (const reader of readers) {
    await expect.poll(() => reader.has(last)).toBe(true);
    const read = reader.lines.map((line) => (line.kind === 'gap' ? line.reason : line.messageId));
    const upToLast = read.lastIndexOf(last) + 1;
    expect(read.slice(0, upToLast)).toEqual(ids.slice(0, upToLast));
  }
  return entries.length;
}

/** What mad-status is told of the bus. */
const busFacts = async (): Promise<string> =>
  JSON.stringify((await grace.callOrThrow('mad_get_status', {})).bus);

/** Resolves when each has read something further. */
async function untilReadingOn(): Promise<ReadingOn> {
  const beganMs = performance.now();
  const grows = async (size: () => number | Promise<number>): Promise<number> => {
    const from = await size();
    await expect.poll(size).toBeGreaterThan(from);
    return Math.round(performance.now() - beganMs);
  };
  const [readersMs, graceMs, rogersMs] = await Promise.all([
    grows(() => Math.min(...readers.map(({ lines }) => lines.length))),
    grows(async () => (await pollGrace()).length),
    grows(counted),
  ]);
  return { readersMs, graceMs, rogersMs };
}

interface Outage {
  readonly kind: string;
  readonly begin: () => Promise<void> | void;
  readonly end: () => Promise<void>;
}

const redisKilled: Outage = {
  kind: 'Redis killed, back with its data',
  begin: () => redis.kill('SIGKILL'),
  end: () => redis.restart(),
};
const refused: Outage = {
  kind: 'connections reset and refused',
  begin: () => proxy.refuse(),
  end: () => proxy.heal(),
};
const discarded = (kind: string, ...directions: ('to-target' | 'to-client')[]): Outage => ({
  kind,
  begin: () => proxy.blackhole(...directions),
  end: () => proxy.heal(),
});
const held: Outage = {
  kind: 'packets held back, delivered late',
  begin: () => proxy.hold(),
  end: () => proxy.heal(),
};
const dropped: Outage = {
  kind: 'connections dropped',
  begin: () => proxy.cut(),
  end: async () => undefined,
};
/** What comes a second or two late has only come late. */
const HELD_SECONDS = 6;
const KINDS: readonly Outage[] = [
  redisKilled,
  discarded('packets discarded'),
  refused,
  discarded('answers discarded', 'to-client'),
  discarded('requests discarded', 'to-target'),
  held,
];

interface Told {
  readonly kind: string;
  readonly seconds: number;
  readonly metricMs: number;
  readonly statusMs: number;
  readonly readingOn: ReadingOn;
  /** And until it had read everything, the newest message too. */
  readonly caughtUp: ReadingOn;
}

const slowest = ({ readingOn }: Pick<Told, 'readingOn'>): number => Math.max(...Object.values(readingOn));

/** One outage; gives when it was reported and when reading went on. */
async function suffer({ kind, begin, end }: Outage, seconds: number): Promise<Told> {
  const before = await outages();
  const factsBefore = await busFacts();
  const beganMs = performance.now();
  await begin();
  const sinceMs = (): number => Math.round(performance.now() - beganMs);
  const ending = delay(seconds * 1_000).then(end);
  const [metricMs, statusMs] = await Promise.all([
    expect.poll(outages, { timeout: REPORTED_MS }).toBeGreaterThan(before).then(sinceMs),
    // Away and why, or, where it was short, here since another time.
    expect.poll(busFacts, { timeout: REPORTED_MS }).not.toBe(factsBefore).then(sinceMs),
  ]);
  // A machine that is busy takes its time to start a program.
  if (seconds >= 60) await inWords();
  await ending;
  const readingOn = await untilReadingOn();
  const caughtUp = await untilRead(await publisher.say());
  const told = { kind, seconds, metricMs, statusMs, readingOn, caughtUp };
  expect(slowest(told), JSON.stringify(told)).toBeLessThan(READING_ON_MS);
  await expect.poll(async () => sumOf(await metrics(), 'mad_bus_connected')).toBe(4);
  return told;
}

/** The same as a person sees it. */
async function inWords(): Promise<void> {
  const { stdout, code } = await run('mad-status', ['--mad', 'grace'], group.env);
  expect(stdout).toContain('- Status: DEGRADED\n- Conversation Bus Connected: False\n');
  expect(stdout).toMatch(/^- Conversation Bus: redis, since \S+Z, \S.*$/m);
  expect(code).toBe(1);
}

test('outages of every kind are reported, and each reader goes on by itself and misses nothing', async () => {
  const lengths = scaled({
    short: [1, 2, 3, 1, 2, HELD_SECONDS],
    full: [1, 10, 1, 10, 60, 1, 10, 1, 10, 60, 1, 10, 1, 10, 60, 1, 10, 1, 10, 60],
  });
  const told: Told[] = [];
  for (const [index, seconds] of lengths.entries()) {
    const kind = KINDS[index % KINDS.length] as Outage;
    told.push(await suffer(kind === held && seconds < HELD_SECONDS ? dropped : kind, seconds));
  }
  const entries = await judge();
  const most = (of: (one: Told) => number): number => Math.max(...told.map(of));
  figure('bus outages', {
    outages: told.length,
    secondsAway: lengths.reduce((sum, each) => sum + each, 0),
    entries,
    messages: publisher.acknowledged.size,
    readers: readers.length + 2,
    slowestMetricMs: most(({ metricMs }) => metricMs),
    slowestStatusMs: most(({ statusMs }) => statusMs),
    slowestReadingOnMs: most(slowest),
    told,
  });
});

test('minutes of silently discarded packets end in a reader that goes on where it was', async () => {
  const told = await suffer(discarded('packets discarded'), scaled({ short: 8, full: 300 }));
  const entries = await judge();
  figure('bus packets discarded', { ...told, entries });
});

test('a publisher that a failover left behind is found by the readers, and built anew', async () => {
  await untilRead(await publisher.say());
  await publisher.stop();
  // The old primary goes on answering; who connects anew gets to the new one.
  const promoted = await startRedis({ password: redis.password });
  const client = new Redis(promoted.url);
  try {
    await client.config('SET', 'masterauth', redis.password);
    await client.replicaof('127.0.0.1', redis.port);
    await expect.poll(async () => client.info('replication')).toContain('master_link_status:up');
    await client.replicaof('NO', 'ONE');
    proxy.retarget(promoted.port);
    const before = await outages();
    await plain(async (old) => {
      for (const line of String(await old.client('LIST')).split('\n')) {
        if (!line.includes('name=mad-reader')) continue;
        await old.client('KILL', 'ID', /\bid=(\d+)/.exec(line)?.[1] as string);
      }
    });
    const beganMs = performance.now();
    const sinceMs = (): number => Math.round(performance.now() - beganMs);
    // The killed sockets are told first; that nothing arrives over the new ones is told then.
    const deaf = /what is published does not arrive/;
    const [statusMs] = await Promise.all([
      expect
        .poll(() => group.running.output(), { timeout: REPORTED_MS })
        .toMatch(deaf)
        .then(sinceMs),
      expect.poll(outages, { timeout: REPORTED_MS }).toBeGreaterThan(before),
    ]);
    await expect.poll(async () => sumOf(await metrics(), 'mad_bus_connected')).toBe(4);
    const sent = await grace.callOrThrow('grace_send_message', { channel: 'mad.topic.steady', payload: {} });
    const rebuiltMs = sinceMs();
    await expect.poll(() => readers.every((each) => each.has(sent.message_id as string))).toBe(true);
    expect(rebuiltMs).toBeLessThan(2 * REPORTED_MS);
    figure('bus left behind by a failover', { statusMs, rebuiltMs });
  } finally {
    client.disconnect();
    await promoted.stop();
  }
});

test('what is gone when a reader comes back is told as a gap: trimmed with both ends, a new log of unknown size', async () => {
  proxy.blackhole();
  // A lasting cut: what they ask for from now on never arrives.
  await expect.poll(() => publisher.acknowledged.size).toBeGreaterThan(200);
  await delay(1_000);
  await plain((client) => client.xtrim(RAW_LOG, 'MAXLEN', 20));
  const [oldest] = await plain((client) => readRawLog(client, '-', 1));
  await proxy.heal();
  const gaps = (reader: BusReader) => reader.lines.filter((line) => line.kind === 'gap');
  for (const reader of readers) {
    await expect.poll(() => gaps(reader).length).toBe(1);
    await expect.poll(() => reader.lines.at(-1)?.kind).toBe('message');
  }
  for (const reader of readers) {
    const [gap] = gaps(reader);
    const place = reader.lines.findIndex((line) => line.kind === 'gap');
    const [before, after] = [reader.lines[place - 1], reader.lines[place + 1]];
    expect(gap).toMatchObject({ reason: 'trimmed', from: before?.kind === 'message' && before.position });
    expect(gap).toMatchObject({ to: after?.kind === 'message' && after.position });
    expect(gap?.kind === 'gap' && gap.to === oldest?.position).toBe(true);
  }
  const toldByRogers = (reason: string) => async () =>
    sumOf(await metrics(), 'mad_bus_gaps_total', { mad: 'rogers', reason });
  await expect.poll(toldByRogers('trimmed')).toBe(1);

  await redis.kill('SIGKILL');
  await redis.clear();
  await redis.restart();
  for (const reader of readers) await expect.poll(() => gaps(reader).length).toBe(2);
  for (const reader of readers) expect(gaps(reader)[1]).toMatchObject({ reason: 'epoch' });
  await expect.poll(toldByRogers('epoch')).toBe(1);
});
