import type { TestRedis } from '@mad-group/bus/testing';
import { type Bench, sized } from './kit/bench.ts';
import { compare, inPairs } from './kit/pairs.ts';
import { cpuMs } from './kit/process-cost.ts';
import { emptyRedis, redisCpuMs, startBenchRedis } from './kit/redis.ts';
import { spread } from './kit/spread.ts';
import { startWorker } from './kit/worker.ts';

/** Messages under way at once, on both sides. */
const WINDOW = 2_000;
/** What the limit puts into one call: more brought nothing. */
const PER_CALL = 200;

/** Entries a second, and what each cost in processor time, in microseconds. */
interface Through {
  readonly rate: number;
  readonly publisherUs: number;
  readonly redisUs: number;
  readonly readerUs: number;
}

/** bus: from publish to read, a process on each side, against the bare script and a reader that only parses. */
export const busThroughput: Bench = {
  name: 'bus-throughput',
  async measure(run) {
    const count = sized(run, { short: 50_000, full: 300_000 });
    const redis = await startBenchRedis();
    const bare = (perCall: number) => through(redis, 'bare', count, { perCall, calls: WINDOW / perCall });
    try {
      const results = await inPairs(
        run,
        () => through(redis, 'bus', count, { window: WINDOW }),
        () => bare(PER_CALL),
      );
      const { ours, peer, ratio } = compare(
        results.ours.map(({ rate }) => rate),
        results.peer.map(({ rate }) => rate),
      );
      const single = await bare(1);
      return [
        {
          figure: 'bus: publish → read',
          unit: 'entries/s',
          ours,
          peer: { what: `bare script, ${PER_CALL} messages a call`, value: peer },
          ratio,
          target: { words: '≥ 60 %', met: ratio.median >= 0.6 },
          note:
            `processor time of an entry, ${costs(results.ours)}; bare, ${costs(results.peer)}. ` +
            `The bare script with one message a call: ${single.rate.toLocaleString('en-US')} entries/s`,
        },
      ];
    } finally {
      await redis.stop();
    }
  },
};

function costs(runs: readonly Through[]): string {
  const of = (key: keyof Through): string => spread(runs.map((each) => each[key])).median.toFixed(1);
  return `publisher ${of('publisherUs')} µs, Redis ${of('redisUs')} µs, reader ${of('readerUs')} µs`;
}

/** From the first publish to the last one read. */
async function through(redis: TestRedis, side: 'bus' | 'bare', count: number, how: object): Promise<Through> {
  await emptyRedis(redis);
  const publisher = startWorker(`${side}-publisher`);
  const reader = startWorker(`${side}-reader`);
  try {
    for (const worker of [publisher, reader]) await worker.ask('connect', { url: redis.url });
    await reader.ask('follow', { count });
    const used = async () => [cpuMs(publisher.pid), await redisCpuMs(redis), cpuMs(reader.pid)] as const;
    const before = await used();
    const startedMs = await publisher.ask<number>('burst', { count, ...how });
    const { endedMs } = await reader.ask<{ endedMs: number }>('result');
    const after = await used();
    const us = (index: 0 | 1 | 2): number => ((after[index] - before[index]) * 1000) / count;
    const rate = Math.round((count * 1000) / (endedMs - startedMs));
    return { rate, publisherUs: us(0), redisUs: us(1), readerUs: us(2) };
  } finally {
    await publisher.stop();
    await reader.stop();
  }
}
