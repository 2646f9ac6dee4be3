import type { TestRedis } from '@mad-group/bus/testing';
import { readMetrics, sumOf } from '../test/kit/metrics.ts';
import { type Bench, sized } from './kit/bench.ts';
import { startMad } from './kit/mad.ts';
import { compare, inPairs } from './kit/pairs.ts';
import { cpuMs } from './kit/process-cost.ts';
import { emptyRedis, startBenchRedis } from './kit/redis.ts';
import { given, spread } from './kit/spread.ts';
import { startWorker } from './kit/worker.ts';
import { loadOverWebSockets } from './kit/ws-load.ts';

const SOCKETS = 16;
/** Frames under way on each: as many as Grace works on at once. */
const WINDOW = 32;
/** What the first implementation's Grace reached here. */
const SEEDS_A_SECOND = 5_343;
const FRAME = JSON.stringify({
  tool_name: 'grace_send_message',
  tool_input: {
    channel: 'mad.topic.bench',
    payload: { kind: 'report', number: 1, text: 'The build is green and the docs are up to date.' },
  },
});

/** Grace: sends a second over pipelined WebSockets while Rogers counts, against a bare server and a parsing reader. */
export const graceSends: Bench = {
  name: 'grace-sends',
  async measure(run) {
    const count = sized(run, { short: 20_000, full: 150_000 });
    const redis = await startBenchRedis();
    try {
      const results = await inPairs(
        run,
        () => withGrace(redis, count),
        () => withBareServer(redis, count),
      );
      const { ours, peer, ratio } = compare(
        results.ours.map(({ rate }) => rate),
        results.peer.map(({ rate }) => rate),
      );
      const us = (sides: readonly Sends[]) => spread(sides.map(({ cpuUs }) => cpuUs)).median.toFixed(1);
      const figure = `Grace: sends over ${SOCKETS} WebSockets, Rogers counting`;
      const bySeeds = given(ours.median / SEEDS_A_SECOND);
      return [
        {
          figure,
          unit: 'sends/s',
          ours,
          peer: { what: 'bare ws server, parsing reader', value: peer },
          ratio,
          target: { words: '≥ 50 %', met: ratio.median >= 0.5 },
          note: `processor time of a send, Grace ${us(results.ours)} µs; bare server ${us(results.peer)} µs`,
        },
        {
          figure: `${figure}, by the seeds'`,
          unit: 'sends/s',
          ours,
          peer: { what: "the seeds' Grace (measured before)", value: given(SEEDS_A_SECOND) },
          ratio: bySeeds,
          target: { words: '≥ 5 ×', met: bySeeds.median >= 5 },
        },
      ];
    } finally {
      await redis.stop();
    }
  },
};

/** Sends a second, and what one cost the server in processor time, in microseconds. */
interface Sends {
  readonly rate: number;
  readonly cpuUs: number;
}

async function withGrace(redis: TestRedis, count: number): Promise<Sends> {
  await emptyRedis(redis);
  const env = { REDIS_URL: redis.url };
  const rogers = await startMad('rogers', env);
  const grace = await startMad('grace', env);
  try {
    const sends = await load(grace, count);
    // What was not counted would not have been measured.
    const counted = async (): Promise<number> => {
      const samples = await readMetrics(`${rogers.platformUrl}/metrics`);
      return sumOf(samples, 'mad_bus_messages_total', { topic_pattern: 'mad.topic' });
    };
    while ((await counted()) < count) await new Promise((resolve) => setTimeout(resolve, 100));
    return sends;
  } finally {
    await grace.stop();
    await rogers.stop();
  }
}

async function withBareServer(redis: TestRedis, count: number): Promise<Sends> {
  await emptyRedis(redis);
  const server = startWorker('bare-ws-server');
  const reader = startWorker('bare-reader');
  try {
    const port = await server.ask<number>('listen', { url: redis.url });
    await reader.ask('connect', { url: redis.url });
    await reader.ask('follow', { count });
    const sends = await load({ url: `ws://127.0.0.1:${port}`, pid: server.pid }, count);
    await reader.ask('result');
    return sends;
  } finally {
    await server.stop();
    await reader.stop();
  }
}

async function load({ url, pid }: { url: string; pid: number }, count: number): Promise<Sends> {
  const before = cpuMs(pid);
  const frames = { sockets: SOCKETS, window: WINDOW, count, frame: FRAME };
  const { startedMs, endedMs } = await loadOverWebSockets(url, frames);
  const cpuUs = ((cpuMs(pid) - before) * 1000) / count;
  return { rate: Math.round((count * 1000) / (endedMs - startedMs)), cpuUs };
}
