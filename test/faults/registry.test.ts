// Rogers' registry against scripted silences, while its own event loop stands still.
import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { startRedis } from '@mad-group/bus/testing';
import type { ToolClient } from '@mad-group/mad';
import { createEnvelope, HEARTBEAT_CHANNEL, parsePosition, silentLogger } from '@mad-group/protocol';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { parseLog } from '../kit/group.ts';
import { createMadPlace } from '../kit/mad-place.ts';
import type { Running } from '../kit/process.ts';
import { RAW_LOG } from '../kit/raw-log.ts';
import { figure, IS_FULL } from '../kit/scale.ts';

const STEP_MS = 5_000;
const HEARTBEAT_MS = 15_000;
const STALL_MS = 5_000;

/** A Rogers, and a way to keep its event loop from turning for 5 s. */
interface Watched {
  readonly stalledBy: string;
  readonly running: Running;
  readonly client: ToolClient;
  stall(): void;
  goOn(): void;
}

type Connection = { mad_id: string; status: string; last_heartbeat: string };
const connectionsOf = async ({ client }: Watched): Promise<Map<string, Connection>> => {
  const { connections } = await client.callOrThrow('rogers_get_connections');
  return new Map((connections as Connection[]).map((connection) => [connection.mad_id, connection]));
};

/**
 * The statuses that a MAD had, in order, as Rogers' log tells of them. CONNECTED, which lasts from
 * the first message to the second, is not told where one batch held both.
 */
const historyOf = ({ running }: Watched, madId: string): unknown[] =>
  parseLog(running.output())
    .filter(({ mad_id, msg }) => mad_id === madId && String(msg).startsWith('Connection status'))
    .map(({ to }) => to)
    .filter((status) => status !== 'CONNECTED');

async function startWatched(url: string): Promise<Watched[]> {
  const ways = [
    { stalledBy: 'SIGSTOP', nodeArgs: [], stall: 'SIGSTOP', goOn: 'SIGCONT' },
    { stalledBy: 'busy loop', nodeArgs: ['--import', './test/kit/busy-on-signal.ts'], stall: 'SIGUSR2' },
  ] as const;
  return Promise.all(
    ways.map(async (way) => {
      const place = await createMadPlace('rogers', { REDIS_URL: url });
      onTestFinished(() => place.remove());
      const running = place.spawn(way.nodeArgs);
      onTestFinished(async () => void (await running.stop('SIGKILL')));
      await place.untilReady(running);
      const client = await place.connect();
      onTestFinished(() => client.close());
      return {
        stalledBy: way.stalledBy,
        running,
        client,
        stall: () => void running.child.kill(way.stall),
        goOn: () => void ('goOn' in way && running.child.kill(way.goOn)),
      };
    }),
  );
}

/**
 * MADs that beat, on a bus whose clock a step passes by. In the full form it passes by itself; in
 * the short one the log's clock is moved on, which is what Rogers measures silence by.
 */
async function startScript(url: string) {
  const bus = createRedisBus({ url, log: silentLogger, limits: DEFAULT_LOG_LIMITS });
  await bus.start();
  onTestFinished(() => bus.stop());
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  const lastMs = new Map<string, number>();
  let nowMs = 0;

  return {
    /** Milliseconds of silence so far, in the log's time. */
    silentMs: (madId: string) => nowMs - (lastMs.get(madId) ?? Number.NaN),
    /** Resolves to the log's time of the beat, as Rogers shows it. */
    async beat(madId: string, health = 'HEALTHY') {
      const payload = {
        type: 'heartbeat',
        mad_id: madId,
        instance_id: madId,
        version: '1',
        health,
        uptime_s: 1,
      };
      const position = await bus.publish(
        createEnvelope({ channel: HEARTBEAT_CHANNEL, senderId: madId, payload }),
      );
      nowMs = Number(parsePosition(position).place.split('-')[0]);
      lastMs.set(madId, nowMs);
      return new Date(nowMs).toISOString();
    },
    async pass(ms: number) {
      if (IS_FULL) await sleep(ms);
      else await redis.hincrby(`${RAW_LOG}:head`, 'ms', ms);
    },
  };
}

test('the registry follows scripted silences within a heartbeat, and 5 s stalls of Rogers disconnect nobody', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const watched = await startWatched(redis.url);
  const script = await startScript(redis.url);
  /** These beat at each step. */
  const beating = new Set(['steady']);
  const seenMs = new Map<string, Record<string, number>>();

  /** One step of the script, and then each Rogers is asked: no status too early, none too late. */
  async function step(ms = STEP_MS): Promise<void> {
    await script.pass(ms);
    let now = '';
    for (const madId of beating) now = await script.beat(madId);
    const last = [...beating].at(-1) as string;
    for (const rogers of watched) {
      await expect.poll(async () => (await connectionsOf(rogers)).get(last)?.last_heartbeat).toBe(now);
      const connections = await connectionsOf(rogers);
      for (const madId of ['steady', 'silent', 'late-60', 'late-300']) {
        const status = connections.get(madId)?.status as string;
        const silentMs = script.silentMs(madId);
        const facts = `${madId} is ${status} after ${silentMs} ms for the Rogers with ${rogers.stalledBy}`;
        if (silentMs < 60_000) expect(status, facts).toBe('HEALTHY');
        if (silentMs < 300_000) expect(status, facts).not.toBe('DISCONNECTED');
        if (silentMs >= 60_000 + HEARTBEAT_MS) expect(status, facts).not.toBe('HEALTHY');
        if (silentMs >= 300_000 + HEARTBEAT_MS) expect(status, facts).toBe('DISCONNECTED');
        const first = seenMs.get(`${madId}, ${rogers.stalledBy}`) ?? {};
        seenMs.set(`${madId}, ${rogers.stalledBy}`, { [status]: silentMs, ...first });
      }
    }
  }
  const passUntil = async (silentMs: number): Promise<void> => {
    while (script.silentMs('silent') < silentMs) {
      await step(Math.min(STEP_MS, silentMs - script.silentMs('silent')));
    }
  };

  /** Rogers stands still while a MAD breaks its silence just in time, and its time runs out meanwhile. */
  async function stallOver(madId: string): Promise<void> {
    const startedMs = performance.now();
    for (const rogers of watched) rogers.stall();
    await script.beat(madId);
    beating.add(madId);
    await sleep(STALL_MS - (performance.now() - startedMs));
    if (!IS_FULL) await script.pass(STALL_MS);
    for (const rogers of watched) rogers.goOn();
    for (const other of beating) await script.beat(other);
  }

  for (const madId of ['steady', 'leaver', 'late-60', 'late-300', 'silent']) {
    await script.beat(madId);
    await script.beat(madId);
  }
  // What comes and goes within a batch shows its end alone.
  for (const rogers of watched) {
    await expect.poll(async () => (await connectionsOf(rogers)).get('leaver')?.status).toBe('HEALTHY');
  }
  await script.beat('leaver', 'STOPPING');
  await step();
  for (const rogers of watched) {
    expect((await connectionsOf(rogers)).get('leaver')?.status).toBe('DISCONNECTED');
  }

  await passUntil(56_000);
  await stallOver('late-60');
  await passUntil(297_000);
  await stallOver('late-300');
  await passUntil(300_000 + HEARTBEAT_MS);
  await script.beat('silent');
  await script.beat('leaver');
  await step();

  for (const rogers of watched) {
    const history = Object.fromEntries(
      ['steady', 'late-60', 'late-300', 'silent', 'leaver'].map((madId) => [madId, historyOf(rogers, madId)]),
    );
    expect(history, rogers.stalledBy).toEqual({
      steady: ['HEALTHY'],
      'late-60': ['HEALTHY'],
      'late-300': ['HEALTHY', 'STALE', 'HEALTHY'],
      silent: ['HEALTHY', 'STALE', 'DISCONNECTED', 'HEALTHY'],
      leaver: ['HEALTHY', 'DISCONNECTED', 'HEALTHY'],
    });
    const { status } = (await connectionsOf(rogers)).get('silent') as Connection;
    expect(status).toBe('HEALTHY');
  }
  figure('registry', { clock: IS_FULL ? 'real' : 'moved on', firstSeenAfterMs: Object.fromEntries(seenMs) });
});
