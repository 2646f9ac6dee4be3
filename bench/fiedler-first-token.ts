import { type Bench, sized } from './kit/bench.ts';
import { CONVERSE_FRAME, withFiedler } from './kit/fiedler.ts';
import { startBenchRedis } from './kit/redis.ts';
import { quantile, spread } from './kit/spread.ts';
import { startWorker } from './kit/worker.ts';
import { loadOverWebSockets } from './kit/ws-load.ts';

const AT_ONCE = 500;
const ACCEPT_LIMIT_MS = 200;
const FIRST_TOKEN_LIMIT_MS = 5;
const SOCKETS = 16;

/** Fiedler: from converse to accepted with 500 at once, and to the first token beyond what the model took. */
export const fiedlerFirstToken: Bench = {
  name: 'fiedler-first-token',
  async measure(run) {
    const redis = await startBenchRedis();
    try {
      const accepted: number[] = [];
      const first: { p50: number; p99: number }[] = [];
      for (let round = 0; round < run.rounds; round += 1) {
        accepted.push(
          await withFiedler(redis, { tokens: 50, delayMs: 20 }, async ({ url }) => {
            const load = { sockets: SOCKETS, window: 32, count: AT_ONCE, frame: CONVERSE_FRAME };
            // The first ones run code that is not compiled yet.
            await loadOverWebSockets(url, { ...load, count: SOCKETS });
            return quantile((await loadOverWebSockets(url, load)).delaysMs, 0.99);
          }),
        );
        first.push(
          await withFiedler(redis, { tokens: 3, delayMs: 5 }, async ({ url }) => {
            const worker = startWorker('first-token');
            const count = sized(run, { short: 60, full: 500 });
            const ask = { url, redisUrl: redis.url, count };
            const { beyondMs } = await worker.ask<{ beyondMs: number[] }>('ask', ask);
            await worker.stop();
            const warm = beyondMs.slice(Math.floor(count / 10));
            return { p50: quantile(warm, 0.5), p99: quantile(warm, 0.99) };
          }),
        );
        run.say(`  accepted p99 ${accepted.at(-1)}, first token ${JSON.stringify(first.at(-1))}`);
      }
      const acceptedMs = spread(accepted);
      const p99 = spread(first.map((each) => each.p99));
      return [
        {
          figure: `Fiedler: converse → accepted, ${AT_ONCE} at once, p99`,
          unit: 'ms',
          ours: acceptedMs,
          target: { words: `≤ ${ACCEPT_LIMIT_MS} ms`, met: acceptedMs.median <= ACCEPT_LIMIT_MS },
        },
        {
          figure: "Fiedler: converse → first token beyond the stub's own, p50",
          unit: 'ms',
          ours: spread(first.map(({ p50 }) => p50)),
        },
        {
          figure: "Fiedler: converse → first token beyond the stub's own, p99",
          unit: 'ms',
          ours: p99,
          target: { words: `≤ ${FIRST_TOKEN_LIMIT_MS} ms`, met: p99.median <= FIRST_TOKEN_LIMIT_MS },
        },
      ];
    } finally {
      await redis.stop();
    }
  },
};
