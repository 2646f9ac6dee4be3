import type { TestRedis } from '@mad-group/bus/testing';
import { type Bench, sized } from './kit/bench.ts';
import { compare, inPairs } from './kit/pairs.ts';
import { emptyRedis, startBenchRedis } from './kit/redis.ts';
import { quantile } from './kit/spread.ts';
import { startWorker } from './kit/worker.ts';

const PAUSE_MS = 1;

/** bus: from publish to the handler in another process, one message at a time, against PUBLISH → SUBSCRIBE. */
export const busLatency: Bench = {
  name: 'bus-latency',
  async measure(run) {
    const count = sized(run, { short: 500, full: 3_000 });
    const redis = await startBenchRedis();
    try {
      const results = await inPairs(
        run,
        () => delays(redis, 'bus', count),
        () => delays(redis, 'bare', count),
      );
      const logged = await delays(redis, 'bare', count, true);
      return (['p50', 'p99'] as const).map((share) => {
        const { ours, peer, ratio } = compare(
          results.ours.map((result) => result[share]),
          results.peer.map((result) => result[share]),
        );
        return {
          figure: `bus: publish → handler, ${share}`,
          unit: 'ms',
          ours,
          peer: { what: 'PUBLISH → SUBSCRIBE', value: peer },
          ratio,
          target: { words: '≤ 3 ×', met: ratio.median <= 3 },
          note: `with an entry in the log (bare script → SUBSCRIBE), which a bare PUBLISH does without: ${logged[share].toFixed(2)} ms`,
        };
      });
    } finally {
      await redis.stop();
    }
  },
};

async function delays(redis: TestRedis, side: 'bus' | 'bare', count: number, script = false) {
  await emptyRedis(redis);
  const publisher = startWorker(`${side}-publisher`);
  const reader = startWorker(`${side}-reader`);
  try {
    for (const worker of [publisher, reader]) await worker.ask('connect', { url: redis.url });
    // The first ones run code that is not compiled yet.
    const warmUp = Math.floor(count / 10);
    const all = count + warmUp;
    await reader.ask(side === 'bus' ? 'follow' : 'subscribe', { count: all });
    await publisher.ask('paced', { count: all, pauseMs: PAUSE_MS, script });
    const { delaysMs } = await reader.ask<{ delaysMs: number[] }>('result');
    const values = delaysMs.slice(warmUp);
    return { p50: quantile(values, 0.5), p99: quantile(values, 0.99) };
  } finally {
    await publisher.stop();
    await reader.stop();
  }
}
