import { join } from 'node:path';
import type { TestRedis } from '@mad-group/bus/testing';
import Database from 'better-sqlite3';
import { type Bench, sized } from './kit/bench.ts';
import { CONVERSE_FRAME, withFiedler, withStub } from './kit/fiedler.ts';
import { sharedNowMs } from './kit/monotonic.ts';
import { compare, inPairs } from './kit/pairs.ts';
import { cpuMs } from './kit/process-cost.ts';
import { startBenchRedis } from './kit/redis.ts';
import { given, spread } from './kit/spread.ts';
import { startWorker } from './kit/worker.ts';
import { loadOverWebSockets } from './kit/ws-load.ts';

const STUB = { tokens: 50, delayMs: 0 };
const CONCURRENCY = 64;
const LOOK_MS = 20;
/** What the first implementation's Fiedler reached here. */
const SEEDS_A_SECOND = 47;

/** Fiedler: tasks a second with a model that never waits, against BullMQ workers that do the same calls. */
export const fiedlerTasks: Bench = {
  name: 'fiedler-tasks',
  async measure(run) {
    const count = sized(run, { short: 500, full: 3_000 });
    const redis = await startBenchRedis();
    try {
      const results = await inPairs(
        run,
        () => fiedlerRuns(redis, count),
        () => bullmqRuns(redis, count),
      );
      const { ours, peer, ratio } = compare(
        results.ours.map(({ rate }) => rate),
        results.peer.map(({ rate }) => rate),
      );
      const ms = (sides: readonly Tasks[]) => spread(sides.map(({ cpuMs }) => cpuMs)).median.toFixed(2);
      const figure = `Fiedler: tasks of ${STUB.tokens} tokens at no delay`;
      const bySeeds = given(ours.median / SEEDS_A_SECOND);
      return [
        {
          figure,
          unit: 'tasks/s',
          ours,
          peer: { what: 'BullMQ worker, same calls', value: peer },
          ratio,
          target: { words: '≥ 0.7 ×', met: ratio.median >= 0.7 },
          note: `processor time of a task, Fiedler ${ms(results.ours)} ms; BullMQ worker ${ms(results.peer)} ms`,
        },
        {
          figure: `${figure}, by the seeds'`,
          unit: 'tasks/s',
          ours,
          peer: { what: "the seeds' Fiedler (measured before)", value: given(SEEDS_A_SECOND) },
          ratio: bySeeds,
          target: { words: '≥ 5 ×', met: bySeeds.median >= 5 },
        },
      ];
    } finally {
      await redis.stop();
    }
  },
};

/** Tasks a second, and what one cost the process that runs them in processor time. */
interface Tasks {
  readonly rate: number;
  readonly cpuMs: number;
}

/** Tasks a second from the first submission to the last end, with all of it published. */
const fiedlerRuns = (redis: TestRedis, count: number): Promise<Tasks> =>
  withFiedler(redis, { ...STUB, env: { TASK_CONCURRENCY: String(CONCURRENCY) } }, async (fiedler) => {
    const before = cpuMs(fiedler.pid);
    const load = { sockets: 16, window: 16, count, frame: CONVERSE_FRAME };
    const { startedMs } = await loadOverWebSockets(fiedler.url, load);
    // Its file says how far it is without taking its time.
    const database = new Database(join(fiedler.dataDir, 'fiedler_state.db'), { readonly: true });
    const select = database.prepare<[], { status: string; tasks: number }>(
      'SELECT status, tasks FROM task_counts',
    );
    const unpublished = database.prepare<[], { tasks: number }>('SELECT count(*) AS tasks FROM task_outbox');
    const ended = (): number => {
      const counts = new Map(select.all().map(({ status, tasks }) => [status, tasks]));
      if (counts.get('FAILED')) throw new Error(`${counts.get('FAILED')} tasks failed`);
      return counts.get('COMPLETED') ?? 0;
    };
    while (ended() < count || unpublished.get()?.tasks !== 0) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const endedMs = sharedNowMs();
    database.close();
    const rate = Number(((count * 1000) / (endedMs - startedMs)).toFixed(1));
    return { rate, cpuMs: (cpuMs(fiedler.pid) - before) / count };
  });

const bullmqRuns = (redis: TestRedis, count: number): Promise<Tasks> =>
  withStub(redis, STUB, async (baseUrl) => {
    const worker = startWorker('bullmq-worker');
    const producer = startWorker('bullmq-producer');
    try {
      await worker.ask('start', { url: redis.url, baseUrl, concurrency: CONCURRENCY });
      const before = cpuMs(worker.pid);
      const ended = worker.ask<number>('completed', { count });
      const startedMs = await producer.ask<number>('add', { url: redis.url, count });
      const rate = Number(((count * 1000) / ((await ended) - startedMs)).toFixed(1));
      return { rate, cpuMs: (cpuMs(worker.pid) - before) / count };
    } finally {
      await producer.stop();
      await worker.stop();
    }
  });
