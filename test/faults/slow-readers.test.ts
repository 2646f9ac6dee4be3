// Clients of Grace that stop polling or reading, beside others that go on.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, createRedisBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { startRedis } from '@mad-group/bus/testing';
import { createEnvelope, silentLogger } from '@mad-group/protocol';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, onTestFinished, test } from 'vitest';
import { type ClientPlan, type ClientReport, startGraceLoad } from '../kit/grace-load.ts';
import { createMadPlace, type MadPlace } from '../kit/mad-place.ts';
import { readMetrics, sumOf } from '../kit/metrics.ts';
import { watchMemory } from '../kit/resident-bytes.ts';
import { figure, scaled } from '../kit/scale.ts';

const CLIENTS = 200;
const SLOW = 20;
const PAIRS = scaled({ short: 3, full: 5 });
const RUN_MS = scaled({ short: 5_000, full: 12_000 });
/** All clients hear this. */
const LOAD = { channel: 'mad.topic.load', everyMs: 40, bytes: 1_024 };
/** So do those that will be slow, whether they are or not: it fills the sockets that nobody reads. */
const BULK = { channel: 'mad.topic.bulk', everyMs: 50, bytes: 64 * 1_024 };
const MIB = 1024 * 1024;
/** Grace with nothing to do takes about 120 MiB; its queues may hold 128 MiB, and garbage comes on top. */
const MAX_MIB = 640;

async function startGrace() {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const place = await createMadPlace('grace', { REDIS_URL: redis.url, LOG_LEVEL: 'warn' });
  onTestFinished(() => place.remove());
  const running = place.spawn();
  onTestFinished(async () => void (await running.stop('SIGKILL')));
  await place.untilReady(running);
  const bus = createRedisBus({ url: redis.url, log: silentLogger, limits: DEFAULT_LOG_LIMITS });
  await bus.start();
  onTestFinished(() => bus.stop());
  const memory = watchMemory(place.metricsUrl);
  onTestFinished(() => memory.stop());
  const clients = startGraceLoad(2);
  onTestFinished(() => clients.stop());
  return { place, bus, memory, clients };
}

/** Publishes steadily and counts. */
function createSource(bus: Bus, { channel, everyMs, bytes }: typeof LOAD) {
  const text = 'x'.repeat(bytes);
  let published = 0;
  async function publish(): Promise<void> {
    const payload = { n: published, atMs: Number(process.hrtime.bigint()) / 1e6, text };
    published += 1;
    await bus.publish(createEnvelope({ channel, senderId: 'source', payload }));
  }
  return {
    channel,
    get published() {
      return published;
    },
    async run(durationMs: number) {
      const startedMs = performance.now();
      const sent: Promise<void>[] = [];
      for (let dueMs = 0; dueMs < durationMs; dueMs += everyMs) {
        await sleep(Math.max(0, dueMs - (performance.now() - startedMs)));
        sent.push(publish());
      }
      await Promise.all(sent);
    },
  };
}

/** What waits for each client, as the resource `mad://grace/clients` shows it. */
async function readQueues(place: MadPlace): Promise<Map<string, number>> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(place.mcpUrl)));
  const { contents } = await client.readResource({ uri: 'mad://grace/clients' });
  await client.close();
  const shown = JSON.parse((contents[0] as { text: string }).text);
  return new Map(
    shown.clients.map((row: { client_id: string; queued: number }) => [row.client_id, row.queued]),
  );
}

const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
};
const round = (value: number): number => Math.round(value * 100) / 100;

test(`${SLOW} of ${CLIENTS} clients that stop polling or reading cost the others nothing, and learn what they lost`, async () => {
  const { place, bus, memory, clients } = await startGrace();
  const plans: ClientPlan[] = Array.from({ length: CLIENTS }, (_, n) => ({
    id: `client-${n}`,
    kind: n % 2 === 0 ? 'poll' : 'push',
    topics: n < SLOW ? [LOAD.channel, BULK.channel] : [LOAD.channel],
    timed: n >= SLOW,
  }));
  const slow = plans.filter(({ timed }) => !timed).map(({ id }) => id);
  await clients.open(place.url, plans);
  const sources = [createSource(bus, LOAD), createSource(bus, BULK)];
  const topicsOf = new Map(plans.map(({ id, topics }) => [id, topics]));
  const matched = (id: string): number =>
    sources
      .filter(({ channel }) => topicsOf.get(id)?.includes(channel))
      .reduce((sum, { published }) => sum + published, 0);
  let longestQueue = 0;

  async function run(withSlow: boolean) {
    if (withSlow) await clients.hold(slow);
    memory.peak();
    await Promise.all(sources.map((source) => source.run(RUN_MS)));
    const queues = await readQueues(place);
    longestQueue = Math.max(longestQueue, ...queues.values());
    const filled = slow.filter((id) => queues.get(id) === 100).length;
    if (withSlow) await clients.release(slow);
    const reports: ClientReport[] = [];
    // Each message that matched was delivered or is told of as dropped, exactly.
    await expect
      .poll(async () => {
        const latest = await clients.report();
        reports.push(...latest);
        return latest.filter(({ id, delivered, dropped }) => delivered + dropped !== matched(id));
      })
      .toEqual([]);
    const last = reports.slice(-CLIENTS);
    expect(last.filter(({ disorder }) => disorder > 0)).toEqual([]);
    const agesOf = (kind: string) =>
      reports.filter((each) => each.kind === kind).flatMap((each) => each.latenciesMs);
    const ages = { poll: agesOf('poll'), push: agesOf('push') };
    return {
      p99: quantile([...ages.poll, ...ages.push], 0.99),
      p99Poll: quantile(ages.poll, 0.99),
      p99Push: quantile(ages.push, 0.99),
      p50: quantile([...ages.poll, ...ages.push], 0.5),
      peakMiB: memory.peak() / MIB,
      filled,
      dropped: last.reduce((sum, { dropped }) => sum + dropped, 0),
      droppedByOthers: last
        .filter(({ id }) => !slow.includes(id))
        .reduce((sum, { dropped }) => sum + dropped, 0),
    };
  }

  await run(false);
  const pairs: { without: Awaited<ReturnType<typeof run>>; with: Awaited<ReturnType<typeof run>> }[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    // Each first in its turn, so that what drifts does not favour one.
    const first = await run(pair % 2 === 1);
    const second = await run(pair % 2 === 0);
    pairs.push(pair % 2 === 0 ? { without: first, with: second } : { without: second, with: first });
  }

  const ratios = pairs.map((pair) => pair.with.p99 / pair.without.p99);
  const last = pairs.at(-1) as (typeof pairs)[number];
  for (const pair of pairs) {
    figure('slow readers, one pair', {
      p50Ms: [round(pair.without.p50), round(pair.with.p50)],
      p99Ms: [round(pair.without.p99), round(pair.with.p99)],
      p99PollMs: [round(pair.without.p99Poll), round(pair.with.p99Poll)],
      p99PushMs: [round(pair.without.p99Push), round(pair.with.p99Push)],
      peakMiB: [Math.round(pair.without.peakMiB), Math.round(pair.with.peakMiB)],
      slowWithFullQueues: pair.with.filled,
    });
  }
  const dropped = Math.max(last.with.dropped, last.without.dropped);
  const metrics = await readMetrics(place.metricsUrl);
  figure('slow readers', {
    medianRatioOfP99: round(quantile(ratios, 0.5)),
    longestQueue,
    dropped,
    // Where the machine is too busy to run them for seconds.
    droppedForOthers: Math.max(last.with.droppedByOthers, last.without.droppedByOthers),
    droppedByGrace: sumOf(metrics, 'mad_grace_dropped_total'),
    matched: plans.reduce((sum, { id }) => sum + matched(id), 0),
  });
  expect(longestQueue).toBe(100);
  expect(dropped).toBeGreaterThan(0);
  expect(quantile(ratios, 0.5)).toBeLessThanOrEqual(1.5);
  expect(Math.max(...pairs.map((pair) => pair.with.peakMiB))).toBeLessThan(MAX_MIB);
  // What they cost is a queue each, once: with time they come to no more than all clients take.
  expect(last.with.peakMiB).toBeLessThan(1.25 * last.without.peakMiB);
});

test('a stuck WebSocket is closed with 1013, and its client goes on by position with nothing lost', async () => {
  const { place, bus, memory, clients } = await startGrace();
  const plans: ClientPlan[] = Array.from({ length: 10 }, (_, n) => ({
    id: `client-${n}`,
    kind: 'push',
    topics: [BULK.channel],
    timed: false,
  }));
  const stuck = plans.slice(0, 5).map(({ id }) => id);
  // They read again while the goodbye is still under way, or when Grace has given them up.
  const [early, late] = [stuck.slice(0, 3), stuck.slice(3)];
  await clients.open(place.url, plans);
  const source = createSource(bus, { ...BULK, everyMs: 25 });
  await source.run(3_000);
  const beforeMiB = memory.peak() / MIB;
  await clients.hold(stuck);
  const closed = async (): Promise<number> =>
    sumOf(await readMetrics(place.metricsUrl), 'mad_websocket_closed_total', { reason: 'slow_reader' });
  while ((await closed()) < stuck.length) await source.run(200);
  await clients.release(early);
  const connections = async (): Promise<number> =>
    sumOf(await readMetrics(place.metricsUrl), 'mad_websocket_connections');
  // Those that read have come back, and Grace waits no longer for the others.
  await expect.poll(connections).toBe(plans.length - late.length);
  const peakMiB = memory.peak() / MIB;
  await clients.release(late);
  await source.run(500);
  await expect
    .poll(async () => (await clients.report()).filter(({ delivered }) => delivered !== source.published))
    .toEqual([]);
  const reports = await clients.report();
  for (const { id, dropped, disorder, closes } of reports) {
    expect({ id, dropped, disorder }).toEqual({ id, dropped: 0, disorder: 0 });
    if (early.includes(id)) expect(closes, id).toEqual([1013]);
    else if (late.includes(id)) expect(closes, id).toHaveLength(1);
    else expect(closes, id).toEqual([]);
  }
  figure('stuck WebSockets', {
    messages: source.published,
    bytesEach: BULK.bytes,
    closes: reports.map(({ closes }) => closes[0] ?? null),
    beforeMiB: Math.round(beforeMiB),
    peakMiB: Math.round(peakMiB),
  });
  expect(peakMiB).toBeLessThan(MAX_MIB);
});
