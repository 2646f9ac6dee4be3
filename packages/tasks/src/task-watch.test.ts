import { setTimeout as delay } from 'node:timers/promises';
import { silentLogger } from '@mad-group/protocol';
import { expect, test, vi } from 'vitest';
import { openDatabase } from './database.ts';
import { TASK_MIGRATIONS } from './task-migrations.ts';
import { createProgress } from './task-watch.ts';
import { caller, hangingThinker, steppingClock } from './testing/fakes.ts';
import { createTestRunner, temporaryPath } from './testing/test-runner.ts';

const ada = caller('ada');

test('the silence is that of the task which has shown nothing for longest', () => {
  let nowMs = 0;
  const progress = createProgress(() => nowMs);
  expect(progress.longestSilenceMs()).toBe(0);
  progress.shown(1);
  nowMs = 100;
  progress.shown(2);
  nowMs = 150;
  expect(progress.longestSilenceMs()).toBe(150);
  progress.shown(1);
  expect(progress.longestSilenceMs()).toBe(50);
  progress.ended(2);
  expect(progress.longestSilenceMs()).toBe(0);
  progress.ended(1);
  nowMs = 900;
  expect(progress.longestSilenceMs()).toBe(0);
});

test('tasks that hang, wait and are done are seen as such', async () => {
  const clock = steppingClock();
  const { runner } = createTestRunner({ clock, thinker: hangingThinker, concurrency: 1 });
  await runner.start();
  const hangs = await runner.submit({ prompt: 'hang', correlationId: 'c' }, ada);
  await vi.waitFor(() => expect(runner.watch().stored).toMatchObject({ STREAMING: 1 }));
  await runner.submit({ prompt: 'wait', correlationId: 'c' }, ada);
  clock.advance(30_000);
  await runner.submit({ prompt: 'wait too', correlationId: 'c' }, ada);
  expect(runner.watch()).toMatchObject({ stored: { PENDING: 2, STREAMING: 1 }, oldestQueuedMs: 30_000 });
  const before = runner.watch().silenceMs;
  await delay(30);
  expect(runner.watch().silenceMs).toBeGreaterThan(before);
  await runner.cancel(hangs.taskId, ada);
  await vi.waitFor(() => expect(runner.watch().stored).toMatchObject({ CANCELLED: 1, PENDING: 1 }));
  await runner.stop({ deadlineMs: 0 });
});

test('writes are told once each, by whether they wait for the disk, and a savepoint is none', async () => {
  const writes: string[] = [];
  const database = openDatabase({
    path: temporaryPath(),
    log: silentLogger,
    migrations: TASK_MIGRATIONS,
    onWrite: (durability, ms) => writes.push(`${durability} ${ms >= 0}`),
  });
  database.transaction(() => database.transaction(() => undefined));
  database.relaxed.transaction(() => undefined);
  expect(() =>
    database.transaction(() => {
      throw new Error('undone');
    }),
  ).toThrow('undone');
  await Promise.all([database.commit(() => 1), database.commit(() => 2)]);
  expect(writes).toEqual(['synced true', 'relaxed true', 'synced true']);
  const footprint = await database.footprint();
  expect(footprint.walBytes).toBeGreaterThan(0);
  expect(footprint.freeBytes).toBeLessThanOrEqual(footprint.diskBytes);
  database.close();
  expect(await database.footprint()).toMatchObject({ walBytes: 0, bytes: expect.any(Number) });
});
