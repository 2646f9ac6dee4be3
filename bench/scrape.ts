import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryBus } from '@mad-group/bus';
import { createCallers, createMetrics, loadConfig, type MadMetrics } from '@mad-group/mad';
import { createTaskEngine } from '@mad-group/mad/tasks';
import { silentLogger } from '@mad-group/protocol';
import { openDatabase, TASK_MIGRATIONS } from '@mad-group/tasks';
import { type Bench, sized } from './kit/bench.ts';
import { compare, inPairs } from './kit/pairs.ts';
import { taskFiller } from './kit/task-filler.ts';

const LABELS = 201;
const PATTERNS = ['mad.direct', 'mad.topic', 'mad.stream', 'mad.system', 'mad.other', 'mad.unknown'];
const LIMIT_MS = 20;

/** A scrape of a MAD with a long history and as many senders as have a label, against one without tasks. */
export const scrape: Bench = {
  name: 'scrape',
  async measure(run) {
    const tasks = sized(run, { short: 10_000, full: 1_000_000 });
    const scrapes = sized(run, { short: 50, full: 300 });
    const [long, empty] = [await createScene(tasks), await createScene(0)];
    try {
      const results = await inPairs(
        run,
        () => costOf(long.metrics, scrapes),
        () => costOf(empty.metrics, scrapes),
      );
      const { ours, peer, ratio } = compare(results.ours, results.peer);
      const bytes = (await long.metrics.scrape()).length;
      return [
        {
          figure: `a scrape with ${tasks} tasks stored and ${LABELS} senders: processor’s time`,
          unit: 'ms',
          ours,
          peer: { what: 'with no task', value: peer },
          ratio,
          target: { words: `≤ ${LIMIT_MS} ms`, met: ours.median <= LIMIT_MS },
          note: `${Math.round(bytes / 1024)} KiB`,
        },
      ];
    } finally {
      await Promise.all([long.end(), empty.end()]);
    }
  },
};

/** Processor's time of one scrape, in milliseconds: others on the machine make it wait, but not work. */
async function costOf(metrics: MadMetrics, count: number): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index += 1) await metrics.scrape();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

/** What Rogers is to a scrape: its tasks, its database, its counters of all senders that have a label. */
async function createScene(tasks: number) {
  const folder = await mkdtemp(join(tmpdir(), 'mad-bench-scrape-'));
  const log = silentLogger;
  const config = loadConfig({});
  const metrics = createMetrics();
  const database = openDatabase({ path: join(folder, 'rogers_state.db'), log, migrations: TASK_MIGRATIONS });
  taskFiller(database)(0, tasks);
  const engine = createTaskEngine({
    config,
    log,
    metrics,
    callers: createCallers({ host: config.HOST, auth: 'on', log }),
    bus: createMemoryBus(),
    madId: 'rogers',
    database,
    wording: { notFound: () => '', completed: '' },
    think: () => ({ async *think() {} }),
  });
  await engine.database.start();
  for (let sender = 0; sender < LABELS; sender += 1) {
    for (const pattern of PATTERNS) {
      metrics.count(
        'mad_bus_messages_total',
        { sender_id: `sender-${sender}`, topic_pattern: pattern },
        sender,
      );
    }
  }
  return {
    metrics,
    async end() {
      await engine.database.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
