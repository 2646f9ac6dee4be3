import type { TestRedis } from '@mad-group/bus/testing';
import { type Bench, type BenchRun, sized } from './kit/bench.ts';
import { compare, inPairs } from './kit/pairs.ts';
import { emptyRedis, startBenchRedis } from './kit/redis.ts';
import { startWorker } from './kit/worker.ts';

/** Messages under way at once, on both sides. */
const WINDOW = 2_000;
/** What the limit puts into one call: tried out, more brought nothing. */
const PER_CALL = 200;

/** bus: from publish to read, a process on each side, against the bare script and a reader that only parses. */
export const busThroughput: Bench = {
  name: 'bus-throughput',
  async measure(run) {
    const count = sized(run, { short: 20_000, full: 200_000 });
    const redis = await startBenchRedis();
    try {
      const results = await inPairs(
        run,
        () => through(redis, 'bus', count, { window: WINDOW }),
        () => through(redis, 'bare', count, { perCall: PER_CALL, calls: WINDOW / PER_CALL }),
      );
      const { ours, peer, ratio } = compare(results.ours, results.peer);
      const single = await bareOneByOne(redis, run, count);
      return [
        {
          figure: 'bus: publish → read',
          unit: 'entries/s',
          ours,
          peer: { what: `bare script, ${PER_CALL} messages a call`, value: peer },
          ratio,
          target: { words: '≥ 60 %', met: ratio.median >= 0.6 },
          note: `the bare script with one message a call: ${Math.round(single)} entries/s`,
        },
      ];
    } finally {
      await redis.stop();
    }
  },
};

const bareOneByOne = (redis: TestRedis, _run: BenchRun, count: number): Promise<number> =>
  through(redis, 'bare', count, { perCall: 1, calls: WINDOW });

/** Entries a second from the first publish to the last one read. */
async function through(redis: TestRedis, side: 'bus' | 'bare', count: number, how: object): Promise<number> {
  await emptyRedis(redis);
  const publisher = startWorker(`${side}-publisher`);
  const reader = startWorker(`${side}-reader`);
  try {
    for (const worker of [publisher, reader]) await worker.ask('connect', { url: redis.url });
    if (side === 'bus') await reader.ask('follow', {});
    const read = reader.ask<number | { endedMs: number }>('count', { count });
    const startedMs = await publisher.ask<number>('burst', { count, ...how });
    const ended = await read;
    const endedMs = typeof ended === 'number' ? ended : ended.endedMs;
    return Math.round((count * 1000) / (endedMs - startedMs));
  } finally {
    await publisher.stop();
    await reader.stop();
  }
}
