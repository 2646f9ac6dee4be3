import type { TestRedis } from '@mad-group/bus/testing';
import { type Bench, type BenchRun, type Row, sized } from './kit/bench.ts';
import { CONVERSE_FRAME, withFiedler } from './kit/fiedler.ts';
import { cpuMs, memoryMib } from './kit/process-cost.ts';
import { startBenchRedis } from './kit/redis.ts';
import { quantile, spread } from './kit/spread.ts';
import { startWorker } from './kit/worker.ts';
import { loadOverWebSockets } from './kit/ws-load.ts';
import type { Watched } from './workers/stream-watcher.ts';

const DELAY_MS = 50;
const STALL_MS = 250;

/** Fiedler: many streams at 20 tokens a second, and whether any of them stands still at a reader of the bus. */
export const fiedlerStreams: Bench = {
  name: 'fiedler-streams',
  async measure(run) {
    const redis = await startBenchRedis();
    const few = sized(run, { short: 100, full: 400 });
    const many = sized(run, { short: 200, full: 2_000 });
    try {
      const [longest, ...others] = await rowsOf(redis, run, few, Math.min(3, run.rounds));
      const met = (longest?.ours.median ?? Number.NaN) <= STALL_MS;
      const target = { words: `no stall over ${STALL_MS} ms`, met };
      return [{ ...(longest as Row), target }, ...others, ...(await rowsOf(redis, run, many, 1))];
    } finally {
      await redis.stop();
    }
  },
};

async function rowsOf(redis: TestRedis, run: BenchRun, streams: number, rounds: number): Promise<Row[]> {
  const runs: Awaited<ReturnType<typeof watch>>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    runs.push(await watch(redis, streams, sized(run, { short: 60, full: 300 })));
    run.say(`  ${streams} streams: ${JSON.stringify(runs.at(-1))}`);
  }
  const of = (key: keyof (typeof runs)[number]) => spread(runs.map((each) => each[key]));
  const name = `Fiedler: ${streams.toLocaleString('en-US')} streams at 20 tokens/s`;
  return [
    { figure: `${name}: longest silence within a stream`, unit: 'ms', ours: of('longestMs') },
    { figure: `${name}: silences over ${STALL_MS} ms`, unit: 'of all', ours: of('stalls') },
    { figure: `${name}: model → reader, p99`, unit: 'ms', ours: of('delayP99Ms') },
    { figure: `${name}: processor of Fiedler`, unit: '% of a core', ours: of('cpu') },
    { figure: `${name}: memory of Fiedler, at most`, unit: 'MiB', ours: of('mib') },
  ];
}

const watch = (redis: TestRedis, streams: number, tokens: number) =>
  withFiedler(
    redis,
    { tokens, delayMs: DELAY_MS, env: { TASK_CONCURRENCY: String(streams) } },
    async (fiedler) => {
      const watcher = startWorker('stream-watcher');
      try {
        await watcher.ask('watch', { url: redis.url, tasks: streams });
        const startedMs = performance.now();
        const usedMs = cpuMs(fiedler.pid);
        const load = { sockets: 16, window: 32, count: streams, frame: CONVERSE_FRAME };
        await loadOverWebSockets(fiedler.url, load);
        const { gapsMs, delaysMs } = await watcher.ask<Watched>('result');
        const tookMs = performance.now() - startedMs;
        return {
          longestMs: gapsMs.reduce((a, b) => Math.max(a, b), 0),
          stalls: gapsMs.filter((gap) => gap > STALL_MS).length,
          delayP99Ms: quantile([...delaysMs], 0.99),
          cpu: ((cpuMs(fiedler.pid) - usedMs) / tookMs) * 100,
          mib: memoryMib(fiedler.pid).peak,
        };
      } finally {
        await watcher.stop();
      }
    },
  );
