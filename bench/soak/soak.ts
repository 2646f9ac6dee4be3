// Steady work for a long time, and what grows meanwhile.
//   npm run soak                       30 minutes: 500 messages and 20 tasks a second
//   npm run soak -- --minutes 1440     a day
//   npm run soak -- --messages 100 --tasks 5
// Real Redis, each MAD a process of its own, somebody always reading in the databases. Prints a
// table and ends with 1 where a limit was passed. Linux only: it reads /proc.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startRedis } from '@mad-group/bus/testing';
import Database from 'better-sqlite3';
import { Redis } from 'ioredis';
import { startFickleProvider } from '../../test/kit/fickle-provider.ts';
import { freePorts } from '../../test/kit/free-ports.ts';
import { type Running, start } from '../../test/kit/process.ts';
import { startSteadyLoad } from './steady-load.ts';
import { type Limit, type Sample, type Trend, trends } from './trend.ts';
import { look } from './watch.ts';

/** How long one read transaction of the permanent reader takes, in milliseconds. */
const READ_MS = 100;
/** The first fifth, at most five minutes: caches fill and the log reaches its bound. */
const WARM_UP = { part: 0.2, mostS: 300 };

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    messages: { type: 'string', default: '500' },
    tasks: { type: 'string', default: '20' },
  },
});
const durationS = Number(options.minutes) * 60;
const warmUpS = Math.min(WARM_UP.mostS, durationS * WARM_UP.part);
const sampleMs = Math.max(1_000, Math.min(10_000, (durationS * 1000) / 60));

const LIMITS: Record<string, Limit> = {
  // A leak shows as growth that does not end: 32 MiB an hour would be 768 MiB a day.
  ...Object.fromEntries(
    ['grace', 'fiedler', 'rogers'].flatMap((name) => [
      [`${name} RSS, MiB`, { slopePerHour: 32 }],
      [`${name} handles`, { slopePerHour: 12 }],
    ]),
  ),
  'fiedler WAL, MiB': { slopePerHour: 32, max: 64 },
  'rogers WAL, MiB': { slopePerHour: 32, max: 64 },
  'redis memory, MiB': { slopePerHour: 64 },
};

const folder = await mkdtemp(join(tmpdir(), 'mad-soak-'));
const ended: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
let stopping = false;
process.once('SIGINT', () => {
  stopping = true;
});
process.once('SIGTERM', () => {
  stopping = true;
});

let ok = false;
try {
  ok = await soak();
} finally {
  for (const end of ended.reverse()) await end();
}
process.exitCode = ok ? 0 : 1;

async function soak(): Promise<boolean> {
  const redis = await startRedis({ appendonly: true });
  ended.push(() => redis.stop());
  const provider = await startFickleProvider({ tokens: 20, delayMs: 10 });
  ended.push(() => provider.stop());
  const [grace, fiedler, rogers, ...platforms] = (await freePorts(6)) as [
    number,
    number,
    number,
    ...number[],
  ];
  const shared = {
    REDIS_URL: redis.url,
    OPENAI_BASE_URL: provider.baseUrl,
    GRACE_PORT: String(grace),
    FIEDLER_PORT: String(fiedler),
    ROGERS_PORT: String(rogers),
    DATA_DIR: folder,
    // Small enough that the log reaches its bound within the warm-up.
    BUS_LOG_MAX_MB: '64',
    LOG_LEVEL: 'error',
  };
  const processes: Record<string, Running> = {};
  for (const [index, name] of ['rogers', 'grace', 'fiedler'].entries()) {
    const PLATFORM_PORT = String(platforms[index]);
    const running = start('node', [`services/${name}/src/main.ts`], { ...shared, PLATFORM_PORT });
    ended.push(() => running.stop());
    processes[name] = running;
    await untilReady(running, `http://127.0.0.1:${PLATFORM_PORT}/readyz`);
  }
  const databases = {
    fiedler: join(folder, 'fiedler_state.db'),
    rogers: join(folder, 'rogers_state.db'),
  };
  const reader = start('node', [
    'packages/tasks/src/testing/permanent-reader.ts',
    String(READ_MS),
    ...Object.values(databases),
  ]);
  ended.push(() => reader.stop());
  const client = new Redis(redis.url);
  ended.push(async () => client.disconnect());
  const load = await startSteadyLoad({
    graceUrl: `ws://127.0.0.1:${grace}`,
    fiedlerUrl: `ws://127.0.0.1:${fiedler}`,
    messagesPerS: Number(options.messages),
    tasksPerS: Number(options.tasks),
  });

  const pids = Object.fromEntries(
    Object.entries(processes).map(([name, { child }]) => [name, child.pid as number]),
  );
  console.log(
    `soak: ${options.minutes} min, ${options.messages} messages/s, ${options.tasks} tasks/s; slopes from ${warmUpS} s on`,
  );
  const samples: Sample[] = [];
  const startedMs = performance.now();
  const elapsedS = (): number => (performance.now() - startedMs) / 1000;
  while (!stopping && elapsedS() < durationS) {
    await delay(sampleMs);
    const gone = Object.entries(processes).find(([, { child }]) => child.exitCode !== null);
    if (gone) {
      console.log(`${gone[0]} ended:\n${gone[1].output().slice(-4_000)}`);
      return false;
    }
    if (reader.child.exitCode !== null) {
      console.log(`The permanent reader ended:\n${reader.output().slice(-4_000)}`);
      return false;
    }
    const values = await look({ pids, databases, redis: client });
    samples.push({ atS: elapsedS(), values });
    console.log(
      JSON.stringify({
        at_s: Math.round(elapsedS()),
        ...load.counts,
        ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round(value)])),
      }),
    );
  }
  await load.stop();
  const states = await tasksByState(databases.fiedler);
  const done = states.COMPLETED ?? 0;
  for (const [name, { output }] of Object.entries(processes)) {
    if (output() !== '') console.log(`${name} said:\n${output().slice(-4_000)}`);
  }
  const report = trends(samples, LIMITS, warmUpS);
  console.log(`\n${table(report)}\n`);
  console.log(
    `messages acknowledged ${load.counts.messagesSent}; tasks accepted ${load.counts.tasksAccepted}, now ${JSON.stringify(states)}; ` +
      `failures ${load.counts.failures}; left out ${load.counts.leftOut} by a load that was too slow; it fell behind by ${round(load.counts.lateS)} s at most`,
  );
  for (const line of load.words) console.log(line);
  const passed =
    report.every((trend) => trend.ok) && load.counts.failures === 0 && done === load.counts.tasksAccepted;
  console.log(passed ? 'all within their limits' : 'FAILED');
  return passed;
}

async function untilReady(running: Running, url: string): Promise<void> {
  for (;;) {
    if (running.child.exitCode !== null) throw new Error(`ended before it was ready:\n${running.output()}`);
    const ready = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await delay(50);
  }
}

/** How many tasks are in which state, once all have ended or two minutes are over. */
async function tasksByState(path: string): Promise<Record<string, number>> {
  const database = new Database(path, { readonly: true });
  const count = database.prepare<[], { status: string; tasks: number }>(
    'SELECT status, tasks FROM task_counts WHERE tasks > 0',
  );
  const read = (): Record<string, number> =>
    Object.fromEntries(count.all().map(({ status, tasks }) => [status, tasks]));
  let states = read();
  for (let tries = 0; tries < 240 && (states.PENDING || states.RUNNING || states.STREAMING); tries += 1) {
    await delay(500);
    states = read();
  }
  const failed = database.prepare<[], { error: string }>(
    "SELECT error FROM tasks WHERE status = 'FAILED' ORDER BY id DESC LIMIT 3",
  );
  for (const { error } of failed.all()) console.log(`a task failed: ${error.slice(0, 400)}`);
  database.close();
  return states;
}

function table(report: readonly Trend[]): string {
  const lines = report.map(({ name, first, last, max, slopePerHour, limit, ok }) => [
    name,
    String(round(first)),
    String(round(last)),
    String(round(max)),
    String(round(slopePerHour)),
    limit.slopePerHour === undefined ? '' : `≤ ${limit.slopePerHour}`,
    limit.max === undefined ? '' : `≤ ${limit.max}`,
    ok ? 'ok' : 'PASSED ITS LIMIT',
  ]);
  const head = ['', 'after warm-up', 'last', 'largest', 'growth an hour', 'limit', 'largest allowed', ''];
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
