// Rogers' counts, the log, and what senders had acknowledged, while Rogers and Redis are killed.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { topicPattern } from '@mad-group/protocol';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { createMadPlace, type MadPlace } from '../kit/mad-place.ts';
import { readMetrics } from '../kit/metrics.ts';
import { type Running, start } from '../kit/process.ts';
import { randomFrom } from '../kit/random.ts';
import { RAW_LOG, readRawLog } from '../kit/raw-log.ts';
import { figure, scaled } from '../kit/scale.ts';

const SENDERS = scaled({ short: 5, full: 20 });
const MESSAGES = scaled({ short: 15_000, full: 200_000 });
/** Messages a second of all senders together, so that the run lasts long enough to be disturbed. */
const RATE = scaled({ short: 1_000, full: 3_000 });
/** Longest time between two kills, in milliseconds. */
const CALM_MS = scaled({ short: 4_000, full: 8_000 });
const SEED = Number(process.env.SEED ?? 7);
const HOUR_MS = 3_600_000;

/** Messages by `hour sender pattern`. */
type Counts = Map<string, number>;
const add = (counts: Counts, key: string, amount = 1) => counts.set(key, (counts.get(key) ?? 0) + amount);

async function connectRedis({ url }: TestRedis): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null });
  // The same failure rejects what was asked.
  redis.on('error', () => undefined);
  await redis.connect();
  return redis;
}

/** Every entry of the log, by XRANGE and nothing of ours; each `read` goes on from the one before. */
function createLogCount(redis: Redis) {
  const counts: Counts = new Map();
  const placeOf = new Map<string, string>();
  const twice: string[] = [];
  let from = '-';
  let entries = 0;
  return {
    counts,
    placeOf,
    /** Message ids with the places of their second entry and the one before. */
    twice,
    get entries() {
      return entries;
    },
    async read() {
      for (;;) {
        const page = await readRawLog(redis, from, 5_000);
        for (const { place, envelope } of page) {
          const hour = `${new Date(Number(place.split('-')[0])).toISOString().slice(0, 13)}:00:00Z`;
          add(counts, `${hour} ${envelope.sender_id} ${topicPattern(envelope.channel)}`);
          const before = placeOf.get(envelope.message_id);
          if (before !== undefined) twice.push(`${envelope.message_id} at ${before} and ${place}`);
          placeOf.set(envelope.message_id, place);
          entries += 1;
        }
        const last = page.at(-1);
        if (!last) return;
        from = `(${last.place}`;
      }
    },
  };
}

async function readStats(rogers: MadPlace): Promise<Counts> {
  const client = await rogers.connect();
  const reply = await client.callOrThrow('rogers_get_stats', { hours: 24 });
  await client.close();
  const counts: Counts = new Map();
  type Row = { hour_timestamp: string; sender_id: string; topic_pattern: string; total_messages: number };
  for (const row of reply.stats as Row[]) {
    add(counts, `${row.hour_timestamp} ${row.sender_id} ${row.topic_pattern}`, row.total_messages);
  }
  return counts;
}

/** The Prometheus counters, which know no hours. */
async function readCounters(rogers: MadPlace): Promise<Counts> {
  const counts: Counts = new Map();
  for (const { name, labels, value } of await readMetrics(rogers.metricsUrl)) {
    if (name === 'mad_bus_messages_total') add(counts, `${labels.sender_id} ${labels.topic_pattern}`, value);
  }
  return counts;
}

const withoutHours = (counts: Counts): Counts => {
  const totals: Counts = new Map();
  for (const [key, count] of counts) add(totals, key.slice(key.indexOf(' ') + 1), count);
  return totals;
};

/** Kills one of the two, or both, at random until it is told to end; both run then. */
async function disturb(redis: TestRedis, rogers: { life: Running; spawn(): void }, signal: AbortSignal) {
  const random = randomFrom(SEED);
  const done = { rogers: 0, redis: 0 };
  while (!signal.aborted) {
    await sleep(300 + random() * CALM_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const [hitsRogers, hitsRedis] =
      random() < 0.2 ? [true, true] : random() < 0.5 ? [true, false] : [false, true];
    if (hitsRedis) {
      done.redis += 1;
      await redis.kill('SIGKILL');
    }
    if (hitsRogers) {
      done.rogers += 1;
      await rogers.life.stop('SIGKILL');
    }
    await sleep(random() * 3_000);
    if (hitsRogers) rogers.spawn();
    if (hitsRedis) await redis.restart();
  }
  return done;
}

test(`${MESSAGES} messages of ${SENDERS} senders are counted to the message`, async () => {
  const redis = await startRedis({ appendonly: true, appendfsync: 'always' });
  onTestFinished(() => redis.stop());
  const folder = await mkdtemp(join(tmpdir(), 'mad-counts-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const place = await createMadPlace('rogers', { REDIS_URL: redis.url, BUS_LOG_MAX_MB: '1024' });
  onTestFinished(() => place.remove());
  const rogers = {
    life: place.spawn(),
    spawn() {
      this.life = place.spawn();
    },
  };
  onTestFinished(async () => void (await rogers.life.stop('SIGKILL')));
  await place.untilReady(rogers.life);

  const startedMs = performance.now();
  const names = Array.from({ length: SENDERS }, (_, n) => `sender-${n}`);
  const senders = names.map((name) =>
    start('node', ['test/kit/recording-publisher.ts'], {
      REDIS_URL: redis.url,
      SENDER: name,
      RECORD: join(folder, name),
      COUNT: String(MESSAGES / SENDERS),
      RATE: String(RATE / SENDERS),
    }),
  );
  onTestFinished(async () => void (await Promise.all(senders.map((sender) => sender.stop('SIGKILL')))));
  const published = Promise.all(senders.map(({ finished }) => finished));
  const ended = new AbortController();
  const disturbing = disturb(redis, rogers, ended.signal);

  // The log's clock goes on by an hour in the middle, so that there is more than one to add up.
  const half = async (): Promise<void> => {
    const isHalf = () => names.every((name) => linesOf(join(folder, name)).length > MESSAGES / SENDERS / 2);
    while (!isHalf()) await sleep(250);
    for (let moved = false; !moved; ) {
      const connection = await connectRedis(redis).catch(() => null);
      const hour = await connection?.hincrby(`${RAW_LOG}:head`, 'ms', HOUR_MS).catch(() => null);
      moved = typeof hour === 'number';
      connection?.disconnect();
    }
  };
  const [, finished, kills] = await Promise.all([half(), published.finally(() => ended.abort()), disturbing]);
  for (const { code, stdout, stderr } of finished)
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
  const publishingMs = performance.now() - startedMs;
  expect(Math.min(kills.redis, kills.rogers)).toBeGreaterThan(0);

  // What was acknowledged is what the log holds of these senders: each once, where it was said to be.
  const reader = await connectRedis(redis);
  onTestFinished(() => reader.disconnect());
  const log = createLogCount(reader);
  await log.read();
  const acknowledged = names.flatMap((name) => linesOf(join(folder, name)));
  expect(acknowledged).toHaveLength(MESSAGES);
  expect(log.twice).toEqual([]);
  const elsewhere = acknowledged.filter((line) => {
    const [id = '', position = ''] = line.split(' ');
    return !position.endsWith(`:${log.placeOf.get(id)}`);
  });
  expect(elsewhere).toEqual([]);
  const ofSenders = [...log.counts].filter(([key]) => key.includes(' sender-'));
  expect(ofSenders.reduce((sum, [, count]) => sum + count, 0)).toBe(MESSAGES);
  // Rogers beats on, so the log may be longer by now.
  expect(log.entries).toBeLessThanOrEqual(await reader.xlen(RAW_LOG));
  expect(log.placeOf.size).toBe(log.entries);
  expect(new Set(ofSenders.map(([key]) => key.split(' ')[0])).size).toBeGreaterThan(1);

  // Rogers beats on: what it shows is that of a moment, and the log is read right behind it.
  await place.untilReady(rogers.life);
  const comparedWith = async (shown: Counts, ofLog: (counts: Counts) => Counts): Promise<unknown> => {
    await log.read();
    return difference(shown, ofLog(log.counts));
  };
  await expect.poll(async () => comparedWith(await readStats(place), (counts) => counts)).toEqual('the same');
  await expect.poll(async () => comparedWith(await readCounters(place), withoutHours)).toEqual('the same');

  figure('counts under kills', {
    senders: SENDERS,
    acknowledged: acknowledged.length,
    publishesAskedForAgain: finished.reduce((sum, { stdout }) => sum + JSON.parse(stdout).again, 0),
    logEntries: log.entries,
    hours: new Set([...log.counts.keys()].map((key) => key.split(' ')[0])).size,
    killsOfRedis: kills.redis,
    killsOfRogers: kills.rogers,
    seed: SEED,
    publishingS: Math.round(publishingMs / 1_000),
  });
});

const linesOf = (path: string): string[] => {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

/** `the same`, or what differs. */
function difference(mine: Counts, theirs: Counts): unknown {
  const keys = [...new Set([...mine.keys(), ...theirs.keys()])];
  const different = keys.filter((key) => mine.get(key) !== theirs.get(key));
  if (different.length === 0) return 'the same';
  return different.map((key) => ({ key, rogers: mine.get(key), log: theirs.get(key) }));
}
