import { join } from 'node:path';
import type { TestRedis } from '@mad-group/bus/testing';
import { PositionSchema, parsePosition } from '@mad-group/protocol';
import Database from 'better-sqlite3';
import { RAW_LOG } from '../test/kit/raw-log.ts';
import { type Bench, sized } from './kit/bench.ts';
import { startMad } from './kit/mad.ts';
import { sharedNowMs } from './kit/monotonic.ts';
import { compare, inPairs } from './kit/pairs.ts';
import { emptyRedis, startBenchRedis } from './kit/redis.ts';
import { given } from './kit/spread.ts';
import { startWorker } from './kit/worker.ts';

const LOOK_MS = 5;
/** What the first implementation's Rogers reached here. */
const SEEDS_A_SECOND = 2_600;

/** Rogers: counting a log that it has not seen, against reading and parsing it alone. */
export const rogersCatchUp: Bench = {
  name: 'rogers-catch-up',
  async measure(run) {
    const count = sized(run, { short: 50_000, full: 200_000 });
    const redis = await startBenchRedis();
    try {
      await emptyRedis(redis);
      const filler = startWorker('log-filler');
      await filler.ask('fill', { url: redis.url, count });
      await filler.stop();
      const results = await inPairs(
        run,
        () => rogersCounts(redis, count),
        () => bareReads(redis, count),
      );
      const { ours, peer, ratio } = compare(results.ours, results.peer);
      return [
        {
          figure: `Rogers: catch-up on a log of ${count.toLocaleString('en-US')}`,
          unit: 'entries/s',
          ours,
          peer: { what: 'XREAD and JSON.parse alone', value: peer },
          ratio,
          target: { words: '≥ 40 %', met: ratio.median >= 0.4 },
        },
        {
          figure: "Rogers: catch-up, by the seeds'",
          unit: 'entries/s',
          ours,
          peer: { what: "the seeds' Rogers (measured before)", value: given(SEEDS_A_SECOND) },
          ratio: given(ours.median / SEEDS_A_SECOND),
        },
      ];
    } finally {
      await redis.stop();
    }
  },
};

/** Entries a second from Rogers' first commit to the one that holds the last, as its database shows them. */
async function rogersCounts(redis: TestRedis, count: number): Promise<number> {
  const rogers = await startMad('rogers', { REDIS_URL: redis.url, BUS_LOG_MAX_MB: '1024' });
  const database = new Database(join(rogers.dataDir, 'rogers_state.db'), { readonly: true });
  try {
    const select = database.prepare<[], { position: string }>('SELECT position FROM bus_position');
    const progress: { atMs: number; entries: number }[] = [];
    for (;;) {
      const position = select.get()?.position;
      const entries = position === undefined ? 0 : numberOf(position);
      if (entries > 0) progress.push({ atMs: sharedNowMs(), entries });
      if (entries >= count) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const first = progress[0];
    const last = progress.at(-1);
    if (!first || !last || first === last) throw new Error('Rogers was ready only when all was counted');
    return Math.round(((last.entries - first.entries) * 1000) / (last.atMs - first.atMs));
  } finally {
    database.close();
    await rogers.stop();
  }
}

/** The number of an entry in its log: entries are counted without gaps. */
const numberOf = (position: string): number =>
  Number(parsePosition(PositionSchema.parse(position)).place.split('-')[1]);

async function bareReads(redis: TestRedis, count: number): Promise<number> {
  const reader = startWorker('bare-reader');
  try {
    await reader.ask('connect', { url: redis.url });
    const startedMs = sharedNowMs();
    await reader.ask('follow', { count, log: RAW_LOG });
    const { endedMs } = await reader.ask<{ endedMs: number }>('result');
    return Math.round((count * 1000) / (endedMs - startedMs));
  } finally {
    await reader.stop();
  }
}
