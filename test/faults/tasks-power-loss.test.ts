import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Envelope, formatPosition, silentLogger, systemClock, type TaskView } from '@mad-group/protocol';
import {
  createTaskRunner,
  createTaskStore,
  openDatabase,
  TASK_MIGRATIONS,
  type TaskMetrics,
  type TaskRunner,
} from '@mad-group/tasks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DiskStep, readSteps, recordingEnded, recordSteps } from '../kit/disk-trace.ts';
import { useFiedlerScene } from '../kit/fiedler-scene.ts';
import { createFakeDisk, type Luck } from '../kit/power-loss.ts';
import { figure, scaled } from '../kit/scale.ts';
import { tokensOf } from '../kit/streaming-stub.ts';
import { faultsOf } from '../kit/task-history.ts';

const TASKS = scaled({ short: 30, full: 100 });
/** Losses of power, each tried with two fates of what was not synced. */
const LOSSES = scaled({ short: 40, full: 250 });

const tokens = (prompt: string): string[] => tokensOf(prompt, 12);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mad-power-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const scene = useFiedlerScene({
  answer: (prompt) => ({ tokens: tokens(prompt), delayMs: 4 }),
  place: () => ({ wrapper: recordSteps(join(folder, 'steps')), env: { TASK_CONCURRENCY: '8' } }),
});

/** What the world was told before the power went. */
interface Told {
  /** Task ids of submissions that were answered. */
  readonly accepted: ReadonlySet<string>;
  /** The notifications that were sent, by task id. */
  readonly ended: ReadonlyMap<string, string>;
}

test('a loss of power at any moment takes no acknowledged task and no end that was told', async () => {
  const pid = await live();
  const steps: DiskStep[] = [];
  for await (const step of readSteps(join(folder, 'steps'), pid)) if (concerns(step)) steps.push(step);

  const all = told(steps);
  expect(all.accepted.size).toBe(TASKS);
  expect(all.ended.size).toBe(TASKS);

  const moments = chooseMoments(steps);
  const disk = createFakeDisk();
  const sums = { tries: 0, accepted: 0, endsTold: 0, requeued: 0 };
  let from = 0;
  for (const moment of moments) {
    for (const step of steps.slice(from, moment)) disk.apply(step);
    from = moment;
    const before = told(steps.slice(0, moment));
    for (const luck of ['nothing', 'some'] satisfies Luck[]) {
      const requeued = await comeBack(disk.afterPowerLoss(luck, Math.random), before);
      sums.tries += 1;
      sums.requeued += requeued;
      sums.accepted += before.accepted.size;
      sums.endsTold += before.ended.size;
    }
  }
  expect(sums.requeued).toBeGreaterThan(0);
  const kinds = Object.groupBy(steps, ({ kind }) => kind);
  figure('tasks power loss', {
    tasks: TASKS,
    writes: kinds.write?.length ?? 0,
    syncs: kinds.sync?.length ?? 0,
    ...sums,
  });
});

/** Runs the tasks under the recorder to their end, and kills the process. */
async function live(): Promise<number> {
  const { running } = await scene.fiedler.start();
  const pid = running.child.pid as number;
  await Promise.all(
    Array.from({ length: TASKS }, async (_, index) => {
      await scene.client.call('fiedler_converse', {
        prompt: `task ${index}`,
        requester_id: 'me',
        idempotency_key: `key-${index}`,
      });
    }),
  );
  const load = async () => (await scene.client.call('mad_get_status')).details;
  await expect.poll(load, { timeout: 120_000 }).toMatchObject({ queued: 0, running: 0, unpublished: 0 });
  await running.stop('SIGKILL');
  await expect.poll(() => recordingEnded(join(folder, 'steps'), pid)).toBe(true);
  return pid;
}

/** What others are told, and what happens to the files that a power loss leaves; not the lock and the shared memory. */
const concerns = (step: DiskStep): boolean =>
  step.kind === 'send'
    ? ACCEPTED.test(step.data.toString('latin1')) || ENDED.test(step.data.toString('latin1'))
    : step.path === scene.fiedler.dataDir || /fiedler_state\.db(-wal|-journal)?$/.test(step.path);

const UUID = '[0-9a-f-]{36}';
const ACCEPTED = new RegExp(`"status":"pending","task_id":"(${UUID})"`);
const ENDED = new RegExp(`"notification_type":"task_update","task_id":"(${UUID})","status":"([A-Z]+)"`);

function told(steps: readonly DiskStep[]): Told {
  const accepted = new Set<string>();
  const ended = new Map<string, string>();
  for (const step of steps) {
    if (step.kind !== 'send') continue;
    const text = step.data.toString('latin1');
    for (const [, taskId = ''] of text.matchAll(new RegExp(ACCEPTED, 'g'))) accepted.add(taskId);
    for (const [, taskId = '', status = ''] of text.matchAll(new RegExp(ENDED, 'g')))
      ended.set(taskId, status);
  }
  return { accepted, ended };
}

/** Half of them anywhere, half right behind a word to the world: there a promise is the youngest. */
function chooseMoments(steps: readonly DiskStep[]): number[] {
  const sends = [...steps.keys()].filter((index) => steps[index]?.kind === 'send');
  const moments = Array.from({ length: LOSSES }, (_, index) =>
    index % 2 === 0
      ? Math.ceil(Math.random() * steps.length)
      : (sends[Math.floor(Math.random() * sends.length)] as number) + 1,
  );
  return moments.toSorted((a, b) => a - b);
}

/** Starts on what the disk kept, lets everything end, and gives how many tasks had to begin again. */
async function comeBack(files: ReadonlyMap<string, Buffer>, { accepted, ended }: Told): Promise<number> {
  const place = join(folder, 'after');
  await rm(place, { recursive: true, force: true });
  await mkdir(place);
  for (const [path, content] of files) await writeFile(join(place, basename(path)), content);

  const database = openDatabase({
    path: join(place, 'fiedler_state.db'),
    log: silentLogger,
    migrations: TASK_MIGRATIONS,
  });
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  const store = createTaskStore(database, { clock: systemClock });
  for (const taskId of accepted) expect(store.get(taskId), `accepted task ${taskId}`).toBeDefined();
  for (const [taskId, status] of ended)
    expect(store.get(taskId)?.status, `ended task ${taskId}`).toBe(status);

  const published: Envelope[] = [];
  const runner = createRunner(store, published);
  await runner.start();
  await expect.poll(() => runner.load(), { interval: 5 }).toEqual({ queued: 0, running: 0, unpublished: 0 });
  let requeued = 0;
  for (const task of store.list({ limit: 1_000 }).tasks) {
    const { status, attempt, response } = task;
    expect(faultsOf(store.events(task.id, 0, 10_000), { status, attempt, response })).toEqual([]);
    expect(response).toBe(tokens(task.prompt).join(''));
    const notifications = published.filter(({ payload }) => payload.task_id === task.taskId);
    const statuses = notifications.map(({ payload }) => String((payload as Partial<TaskView>).status));
    expect(new Set([...statuses, ended.get(task.taskId) ?? status])).toEqual(new Set([status]));
    if (attempt > 1) requeued += 1;
  }
  await runner.stop({ deadlineMs: 0 });
  database.close();
  return requeued;
}

const silentMetrics: TaskMetrics = {
  submitted: () => undefined,
  refused: () => undefined,
  attempt: () => undefined,
  finished: () => undefined,
  firstToken: () => undefined,
  tokens: () => undefined,
  load: () => undefined,
  outbox: () => undefined,
};

const createRunner = (store: ReturnType<typeof createTaskStore>, published: Envelope[]): TaskRunner =>
  createTaskRunner({
    store,
    thinker: {
      async *think({ prompt }) {
        for (const token of tokens(prompt)) yield { type: 'token', token };
      },
    },
    publisher: {
      async publish(envelope) {
        published.push(envelope);
        return formatPosition({ epoch: 'after', place: `1-${published.length}` });
      },
    },
    clock: systemClock,
    log: silentLogger,
    metrics: silentMetrics,
    madId: 'fiedler',
    wording: {
      notFound: (taskId) => `Task '${taskId}' not found.`,
      completed: 'Task completed successfully.',
    },
    concurrency: 64,
    queueMax: 1_000,
    maxAttempts: 5,
    retentionDays: 30,
  });
