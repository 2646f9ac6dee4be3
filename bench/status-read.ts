import { join } from 'node:path';
import { connectTools } from '@mad-group/mad';
import { type Bench, sized } from './kit/bench.ts';
import { withFiedler } from './kit/fiedler.ts';
import { compare, inPairs } from './kit/pairs.ts';
import { startBenchRedis } from './kit/redis.ts';
import { quantile } from './kit/spread.ts';
import { startWorker } from './kit/worker.ts';

const STREAMING = 16;
const LIMIT_MS = 2;

/** Fiedler: reading the state of a task while 16 others stream, against a bare read of the same row. */
export const statusRead: Bench = {
  name: 'status-read',
  async measure(run) {
    const count = sized(run, { short: 500, full: 5_000 });
    const redis = await startBenchRedis();
    try {
      return await withFiedler(redis, { tokens: 1_000_000, delayMs: 50 }, async (fiedler) => {
        const tools = await connectTools(fiedler.url);
        const converse = (n: number) =>
          tools.callOrThrow('fiedler_converse', { prompt: `${n}`, requester_id: 'bench' });
        const tasks = await Promise.all(Array.from({ length: STREAMING }, (_, n) => converse(n)));
        const taskId = String(tasks[0]?.task_id);
        const reader = startWorker('status-reader');
        const path = join(fiedler.dataDir, 'fiedler_state.db');
        const results = await inPairs(
          run,
          async () =>
            quantile(await reader.ask<number[]>('throughFiedler', { url: fiedler.url, taskId, count }), 0.99),
          async () => quantile(await reader.ask<number[]>('fromFile', { path, taskId, count }), 0.99),
        );
        await reader.stop();
        for (const { task_id } of tasks) await tools.callOrThrow('fiedler_cancel_task', { task_id });
        await tools.close();
        const { ours, peer, ratio } = compare(results.ours, results.peer);
        return [
          {
            figure: `Fiedler: status read while ${STREAMING} tasks stream, p99`,
            unit: 'ms',
            ours,
            peer: { what: 'bare better-sqlite3 read', value: peer },
            ratio,
            target: { words: `≤ ${LIMIT_MS} ms`, met: ours.median <= LIMIT_MS },
          },
        ];
      });
    } finally {
      await redis.stop();
    }
  },
};
