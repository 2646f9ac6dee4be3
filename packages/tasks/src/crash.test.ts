import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Envelope } from '@mad-group/protocol';
import { expect, test, vi } from 'vitest';
import { createTaskStore } from './task-store.ts';
import { joinTokens, steppingClock } from './testing/fakes.ts';
import { createTestRunner, openTestDatabase, temporaryPath } from './testing/test-runner.ts';

const CHILD = fileURLToPath(import.meta.resolve('./testing/crash-child.ts'));
const TASKS_PER_LIFE = 25;

/** What a life ends at: the so-manieth task it took, or message it published. */
interface Death {
  readonly word: 'taken' | 'published';
  readonly count: number;
}

/** Lives are cut at different points: while tasks come in, and further and further on in their work. */
const DEATHS: readonly Death[] = [
  { word: 'taken', count: 1 },
  { word: 'published', count: 1 },
  { word: 'taken', count: TASKS_PER_LIFE / 2 },
  { word: 'published', count: 30 },
  { word: 'taken', count: TASKS_PER_LIFE },
  { word: 'published', count: 60 },
  { word: 'published', count: 90 },
  { word: 'published', count: 120 },
];

/** Kills the child as soon as it has told of its death's cause. */
async function live(
  path: string,
  logPath: string,
  keys: string[],
  death: Death,
): Promise<Map<string, string>> {
  const child: ChildProcess = spawn(process.execPath, [CHILD, path, logPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const taken = new Map<string, string>();
  const ready = Promise.withResolvers<void>();
  const due = Promise.withResolvers<void>();
  let left = death.count;
  if (!child.stdout || !child.stdin) throw new Error('the child has no pipes');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word, key, taskId] = line.split(' ');
    if (word === 'ready') ready.resolve();
    if (word === 'taken' && key && taskId) taken.set(key, taskId);
    if (word === death.word) left -= 1;
    if (left <= 0) due.resolve();
  });
  await ready.promise;
  child.stdin.write(keys.map((key) => `${key}\n`).join(''));
  await due.promise;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return taken;
}

/** What a bus keeps: of a retry, only what it did not have yet. */
function publishedLog(logPath: string): Envelope[] {
  const ids = new Set<string>();
  const log: Envelope[] = [];
  for (const line of readFileSync(logPath, 'utf8').split('\n')) {
    if (line === '') continue;
    const { retry, envelope } = JSON.parse(line) as { retry: boolean; envelope: Envelope };
    if (!(retry && ids.has(envelope.message_id))) log.push(envelope);
    ids.add(envelope.message_id);
  }
  return log;
}

test('killed again and again, it loses no task, no event and no notification', {
  timeout: 60_000,
}, async () => {
  const path = temporaryPath();
  const logPath = `${path}.bus`;
  const acknowledged = new Map<string, string>();
  for (const [crash, death] of DEATHS.entries()) {
    const keys = Array.from({ length: TASKS_PER_LIFE }, (_, n) => `${crash}-${n}`);
    const taken = await live(path, logPath, keys, death);
    for (const [key, taskId] of taken) acknowledged.set(key, taskId);
  }
  expect(acknowledged.size).toBeGreaterThan(TASKS_PER_LIFE);

  const database = openTestDatabase(path);
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  const store = createTaskStore(database, { clock: steppingClock(Date.now()) });
  const { runner, publisher } = createTestRunner({ database, store, maxAttempts: 1_000 });
  await runner.start();
  await vi.waitFor(() => expect(runner.load()).toEqual({ queued: 0, running: 0, unpublished: 0 }), {
    timeout: 30_000,
  });

  for (const [key, taskId] of acknowledged) {
    expect(store.get(taskId), `task ${key}`).toMatchObject({ status: 'COMPLETED', correlationId: key });
  }
  const log = publishedLog(logPath);
  const known = new Set(log.map(({ message_id }) => message_id));
  const rest = publisher.calls.filter(({ envelope, retry }) => !(retry && known.has(envelope.message_id)));
  const everything = [...log, ...rest.map(({ envelope }) => envelope)];
  for (const task of store.list({ limit: 1_000 }).tasks) {
    const events = store.events(task.id, 0, 1_000);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter(({ status }) => status === 'COMPLETED')).toHaveLength(1);
    expect(joinTokens(events)).toBe(task.response);
    const stream = everything.filter(({ channel }) => channel === `mad.stream.${task.taskId}`);
    expect(stream.map(({ payload }) => payload)).toEqual(events);
    const notified = everything.filter(({ payload }) => payload.task_id === task.taskId);
    expect(notified.map(({ payload }) => payload.status)).toEqual(['COMPLETED']);
  }
  await runner.stop({ deadlineMs: 0 });
  database.close();
});
