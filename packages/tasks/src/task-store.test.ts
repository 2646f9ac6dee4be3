import { setTimeout as delay } from 'node:timers/promises';
import { MadError } from '@mad-group/protocol';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import type { StateDatabase } from './database.ts';
import { createTaskStore, type TaskDraft } from './task-store.ts';
import { caller, steppingClock } from './testing/fakes.ts';
import { openTestDatabase } from './testing/test-runner.ts';

let database: StateDatabase | undefined;
afterEach(() => database?.close());

function openStore() {
  database = openTestDatabase();
  const clock = steppingClock();
  return { store: createTaskStore(database, { clock }), clock, database };
}

const draft = (changes: Partial<TaskDraft> = {}): TaskDraft => ({
  prompt: 'hello',
  requesterId: 'tester',
  caller: caller('alice'),
  correlationId: 'c-1',
  ...changes,
});

const details = { message: 'no', code: 'internal', stack_trace: 'at …' };

async function completed(
  store: ReturnType<typeof openStore>['store'],
  changes: Partial<TaskDraft>,
  response: string,
) {
  const { task } = await store.create(draft(changes));
  const claimed = (await store.claim(() => 100)).find(({ id }) => id === task.id);
  expect(claimed?.status).toBe('RUNNING');
  await store.complete({ task: task.id, attempt: 1, events: [] }, response);
  return task;
}

describe('creating', () => {
  test('a task is PENDING, with a first event, and reads back as it was given', async () => {
    const { store } = openStore();
    const { task, created } = await store.create(
      draft({ prompt: 'grüße 👋\u0000 end', conversationId: 'k' }),
    );
    expect(created).toBe(true);
    expect(store.get(task.taskId)).toEqual(task);
    expect(task).toMatchObject({ status: 'PENDING', attempt: 1, lastSeq: 1, conversationId: 'k' });
    expect(task.prompt).toBe('grüße 👋\u0000 end');
    expect(store.events(task.id, 0, 10)).toMatchObject([
      { seq: 1, type: 'state', status: 'PENDING', attempt: 1, token: '' },
    ]);
  });

  test('the same key of the same owner gives the same task, of another owner another', async () => {
    const { store } = openStore();
    const [first, second] = await Promise.all([
      store.create(draft({ idempotencyKey: 'k' })),
      store.create(draft({ idempotencyKey: 'k' })),
    ]);
    const other = await store.create(draft({ idempotencyKey: 'k', caller: caller('bob') }));
    expect(second.task.taskId).toBe(first.task.taskId);
    expect([first.created, second.created]).toEqual([true, false]);
    expect(other.task.taskId).not.toBe(first.task.taskId);
    expect(store.countByStatus().PENDING).toBe(2);
  });

  test('a used key with another prompt is a conflict, and undoes nothing of its group', async () => {
    const { store } = openStore();
    await store.create(draft({ idempotencyKey: 'k' }));
    const [refused, taken] = await Promise.allSettled([
      store.create(draft({ idempotencyKey: 'k', prompt: 'other' })),
      store.create(draft({ prompt: 'neighbour' })),
    ]);
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } });
    expect(taken.status).toBe('fulfilled');
    expect(store.countByStatus().PENDING).toBe(2);
  });

  test('admission sees how many wait and its refusal stores nothing', async () => {
    const { store } = openStore();
    const admit = (waiting: number): boolean => {
      if (waiting >= 3) throw new MadError('queue_full', 'full');
      return false;
    };
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map(() => store.create(draft(), admit)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(store.countByStatus().PENDING).toBe(3);
  });

  test('admission may claim the new task as it is stored', async () => {
    const { store } = openStore();
    const { task } = await store.create(draft(), () => true);
    expect(task).toMatchObject({ status: 'RUNNING', attempt: 1 });
    expect(store.events(task.id, 0, 10)).toMatchObject([{ status: 'PENDING' }, { status: 'RUNNING' }]);
    expect(await store.claim(() => 9)).toEqual([]);
  });

  test('room is asked for as the claim commits', async () => {
    const { store } = openStore();
    let room = 2;
    const admit = (): boolean => {
      room -= 1;
      return room >= 0;
    };
    for (let n = 0; n < 2; n += 1) await store.create(draft());
    const [, claimed] = await Promise.all([store.create(draft(), admit), store.claim(() => room)]);
    expect(claimed).toHaveLength(1);
    expect(store.countByStatus()).toMatchObject({ RUNNING: 2, PENDING: 1 });
  });
});

describe('states', () => {
  test('a completed task went PENDING, RUNNING, STREAMING, RUNNING, COMPLETED', async () => {
    const { store, database } = openStore();
    const { task } = await store.create(draft());
    await store.claim(() => 1);
    const tokens = (text: string) => [{ type: 'token' as const, atMs: 1, token: text }];
    await store.beginStreaming({ task: task.id, attempt: 1, events: tokens('a') });
    store.appendEvents([{ task: task.id, attempt: 1, events: tokens('b') }]);
    await store.complete({ task: task.id, attempt: 1, events: tokens('c') }, 'abc');

    const events = store.events(task.id, 0, 100);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(events.map((event) => event.status ?? event.token)).toEqual([
      'PENDING',
      'RUNNING',
      'STREAMING',
      'a',
      'b',
      'c',
      'RUNNING',
      'COMPLETED',
    ]);
    expect(store.get(task.taskId)).toMatchObject({ status: 'COMPLETED', response: 'abc', lastSeq: 8 });
    expect(database.prepare('SELECT task FROM task_notifications').all()).toEqual([{ task: task.id }]);
  });

  test('times never run backwards from one event to the next', async () => {
    const { store, clock } = openStore();
    const { task } = await store.create(draft());
    await store.claim(() => 1);
    const at = (atMs: number) => [{ type: 'token' as const, atMs, token: 'a' }];
    // A token is there before the commit that says so, and a clock may be set back.
    const spokenMs = clock.now();
    clock.advance(2);
    await store.beginStreaming({ task: task.id, attempt: 1, events: at(spokenMs) });
    store.appendEvents([{ task: task.id, attempt: 1, events: at(spokenMs + 5) }]);
    clock.advance(-60_000);
    await store.complete({ task: task.id, attempt: 1, events: [] }, 'aa');
    const times = store.events(task.id, 0, 100).map(({ timestamp }) => timestamp);
    expect(times).toHaveLength(7);
    expect(times).toEqual([...times].sort());
    expect(Date.parse(times[4] as string)).toBe(spokenMs + 5);
  });

  test('an end is written once', async () => {
    const { store, database } = openStore();
    const { task } = await store.create(draft());
    await store.claim(() => 1);
    const end = { task: task.id, attempt: 1, events: [] };
    const results = await Promise.all([
      store.complete(end, 'yes'),
      store.fail(end, details),
      store.cancel(task.id, () => []),
      store.requeue(end, 'again'),
    ]);
    expect(results).toEqual([true, false, false, false]);
    expect(store.get(task.taskId)).toMatchObject({ status: 'COMPLETED', error: null });
    expect(() => database.prepare("UPDATE tasks SET status = 'PENDING'").run()).toThrow(/does not change/);
  });

  test('an attempt that is over adds nothing any more', async () => {
    const { store } = openStore();
    const { task } = await store.create(draft());
    await store.claim(() => 1);
    await store.requeue({ task: task.id, attempt: 1, events: [] }, 'stopping');
    await store.claim(() => 1);
    const late = { task: task.id, attempt: 1, events: [{ type: 'token' as const, atMs: 1, token: 'late' }] };
    expect(store.appendEvents([late])).toEqual(new Set());
    expect(await store.complete(late, 'late')).toBe(false);
    expect(store.get(task.taskId)).toMatchObject({ status: 'RUNNING', attempt: 2 });
    expect(
      store
        .events(task.id, 0, 100)
        .map(({ token }) => token)
        .join(''),
    ).toBe('');
  });

  test('tasks are claimed in the order of their creation, also one that was queued again', async () => {
    const { store } = openStore();
    const ids: number[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await store.create(draft())).task.id);
    const first = await store.claim(() => 2);
    expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    await store.requeue({ task: ids[0] as number, attempt: 1, events: [] }, 'stopping');
    expect((await store.claim(() => 2)).map(({ id }) => id)).toEqual([ids[0], ids[2]]);
  });

  test('what a crash left is queued again until its attempts are spent', async () => {
    const { store } = openStore();
    const { task } = await store.create(draft());
    for (const attempt of [1, 2]) {
      expect((await store.claim(() => 1)).map((claimed) => claimed.attempt)).toEqual([attempt]);
      expect((await store.recover(3)).requeued).toHaveLength(1);
    }
    await store.claim(() => 1);
    const { failed } = await store.recover(3);
    expect(failed).toMatchObject([{ taskId: task.taskId, error: { code: 'attempts_exhausted' } }]);
    expect(store.events(task.id, 0, 100).filter(({ type }) => type === 'attempt')).toMatchObject([
      { attempt: 2, reason: expect.stringContaining('discard') },
      { attempt: 3 },
    ]);
  });

  test('a drain is no crash', async () => {
    const { store } = openStore();
    const { task } = await store.create(draft());
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await store.claim(() => 1);
      await store.requeue({ task: task.id, attempt, events: [] }, 'stopping');
    }
    await store.claim(() => 1);
    expect((await store.recover(3)).requeued).toMatchObject([{ attempt: 7, status: 'PENDING' }]);
  });
});

describe('reading', () => {
  test('pages go through all tasks once, newest first, whatever comes in between', async () => {
    const { store } = openStore();
    for (let n = 0; n < 25; n += 1) await store.create(draft({ prompt: `p${n}` }));
    const seen: string[] = [];
    let beforeId: number | undefined;
    do {
      const page = store.list({ owner: 'alice', limit: 10, beforeId });
      seen.push(...page.tasks.map(({ prompt }) => prompt));
      beforeId = page.nextBeforeId ?? undefined;
      await store.create(draft({ prompt: 'new' }));
    } while (beforeId !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `p${24 - n}`));
  });

  test('each combination of filters gives what it says', async () => {
    const { store } = openStore();
    for (const name of ['alice', 'bob']) {
      for (const conversationId of ['x', 'y']) {
        await completed(store, { caller: caller(name), conversationId }, 'done');
        await store.create(draft({ caller: caller(name), conversationId }));
      }
      await store.claim(() => 100);
    }
    for (const owner of [undefined, 'alice']) {
      for (const status of [undefined, 'COMPLETED', 'PENDING'] as const) {
        for (const conversationId of [undefined, 'x']) {
          const all = store.list({ limit: 100 }).tasks;
          const wanted = all.filter(
            (task) =>
              (owner === undefined || task.caller.name === owner) &&
              (status === undefined || task.status === status) &&
              (conversationId === undefined || task.conversationId === conversationId),
          );
          expect(store.list({ owner, status, conversationId, limit: 100 }).tasks).toEqual(wanted);
        }
      }
    }
  });

  test('a page of long tasks or events is shorter than asked for, and the next goes on', async () => {
    const { store } = openStore();
    const prompt = 'x'.repeat(900_000);
    for (let n = 0; n < 10; n += 1) await store.create(draft({ prompt }));
    const first = store.list({ limit: 100 });
    expect(first.tasks).toHaveLength(4);
    expect(store.list({ limit: 100, beforeId: first.nextBeforeId ?? 0 }).tasks).toHaveLength(4);
    const [task] = await store.claim(() => 1);
    const events = [1, 2, 3].map(() => ({
      type: 'tool_result' as const,
      atMs: 1,
      token: '',
      data: { prompt },
    }));
    const id = task?.id ?? 0;
    store.appendEvents([{ task: id, attempt: 1, events }]);
    expect(store.events(id, 2, 100, 2_000_000).map(({ seq }) => seq)).toEqual([3, 4]);
    expect(store.events(id, 2, 100, 10).map(({ seq }) => seq)).toEqual([3]);
    expect(store.events(id, 2, 100).map(({ seq }) => seq)).toEqual([3, 4, 5]);
  });

  test('a history ends before it grows large, whatever its turns are', async () => {
    const { store } = openStore();
    for (const letter of ['a', 'b', 'c', 'd']) {
      await completed(store, { conversationId: 'k', prompt: letter.repeat(50_000) }, letter.repeat(40_000));
    }
    const { task } = await store.create(draft({ conversationId: 'k' }));
    expect(store.history(task, 100).map(({ prompt }) => prompt[0])).toEqual(['c', 'd']);
    await completed(store, { conversationId: 'k', prompt: 'e' }, 'e'.repeat(500_000));
    const { task: last } = await store.create(draft({ conversationId: 'k' }));
    expect(store.history(last, 100).map(({ prompt }) => prompt[0])).toEqual(['e']);
  });

  test("a conversation's history is its owner's completed turns, oldest first", async () => {
    const { store } = openStore();
    await completed(store, { prompt: 'one', conversationId: 'k' }, '1');
    await completed(store, { prompt: 'not mine', conversationId: 'k', caller: caller('bob') }, 'secret');
    await completed(store, { prompt: 'elsewhere', conversationId: 'other' }, 'x');
    const failed = await store.create(draft({ prompt: 'failed', conversationId: 'k' }));
    await store.claim(() => 1);
    await store.fail({ task: failed.task.id, attempt: 1, events: [] }, details);
    await completed(store, { prompt: 'two', conversationId: 'k' }, '2');
    const { task } = await store.create(draft({ prompt: 'three', conversationId: 'k' }));
    await completed(store, { prompt: 'later', conversationId: 'k' }, '4');
    expect(store.history(task, 10)).toEqual([
      { prompt: 'one', response: '1' },
      { prompt: 'two', response: '2' },
    ]);
    expect(store.history(task, 1)).toEqual([{ prompt: 'two', response: '2' }]);
  });

  test('counts follow every change', async () => {
    const { store, database, clock } = openStore();
    await completed(store, {}, 'ok');
    await store.create(draft());
    await store.create(draft());
    await store.claim(() => 1);
    expect(store.countByStatus()).toEqual({
      PENDING: 1,
      RUNNING: 1,
      STREAMING: 0,
      COMPLETED: 1,
      FAILED: 0,
      CANCELLED: 0,
    });
    clock.advance(1);
    expect(store.deleteEndedBefore(clock.now(), 10)).toBe(1);
    expect(store.countByStatus().COMPLETED).toBe(0);
    const left = ['tasks', 'task_prompts', 'task_outbox'].map(
      (table) => database.prepare<[], { n: number }>(`SELECT COUNT(*) AS n FROM ${table}`).get()?.n,
    );
    expect(left).toEqual([2, 2, 2]);
    const orphans = 'SELECT COUNT(*) AS n FROM task_events WHERE task NOT IN (SELECT id FROM tasks)';
    expect(database.prepare(orphans).get()).toEqual({ n: 0 });
    expect(database.prepare('SELECT COUNT(*) AS n FROM task_notifications').get()).toEqual({ n: 0 });
  });
});

test('five hundred tasks at once are accepted after a few commits', async () => {
  const { store, database } = openStore();
  // It changes with each commit of another connection.
  const observer = new Database(database.path, { readonly: true });
  const version = (): unknown => observer.pragma('data_version', { simple: true });
  let commits = 0;
  const watcher = (async () => {
    let last = version();
    for (let all = false; !all; ) {
      await delay(0);
      all = store.countByStatus().PENDING === 500;
      const now = version();
      if (now !== last) commits += 1;
      last = now;
    }
  })();
  await Promise.all(Array.from({ length: 500 }, () => store.create(draft())));
  await watcher;
  observer.close();
  expect(commits).toBeGreaterThan(0);
  expect(commits).toBeLessThanOrEqual(5);
});
