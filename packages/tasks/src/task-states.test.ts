import { TASK_STATUSES, type TaskEvent, type TaskStatus } from '@mad-group/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StateDatabase } from './database.ts';
import { canMove, hasEnded } from './task-states.ts';
import { createTaskStore, type TaskStore } from './task-store.ts';
import { caller, steppingClock } from './testing/fakes.ts';
import { openTestDatabase } from './testing/test-runner.ts';

test('only an end has no way on, and every state can be reached', () => {
  expect(TASK_STATUSES.filter(hasEnded)).toEqual(['COMPLETED', 'FAILED', 'CANCELLED']);
  for (const status of TASK_STATUSES) {
    expect(TASK_STATUSES.some((to) => canMove(status, to))).toBe(!hasEnded(status));
  }
});

interface World {
  readonly store: TaskStore;
  /** Attempt that an operation speaks for: the task's own, or one that is over. */
  readonly ids: number[];
}

type Operation = readonly [name: keyof typeof operations, task: number, attempt: number];

const event = (token: string) => ({ type: 'token' as const, atMs: 1, token });
const end = (task: number, attempt: number) => ({ task, attempt, events: [event('e')] });
const details = { message: 'm', code: 'internal', stack_trace: null };

const draft = { prompt: 'p', requesterId: 'r', caller: caller('alice'), correlationId: 'c' };

const operations = {
  create: async ({ store, ids }: World) => {
    ids.push((await store.create(draft)).task.id);
  },
  begin: async ({ store, ids }: World) => {
    ids.push((await store.create(draft, () => true)).task.id);
  },
  claim: ({ store }: World) => store.claim(() => 1),
  stream: ({ store }: World, task: number, attempt: number) => store.beginStreaming(end(task, attempt)),
  append: ({ store }: World, task: number, attempt: number) =>
    store.appendEvents([{ task, attempt, events: [event('a'), event('b')] }]),
  complete: ({ store }: World, task: number, attempt: number) => store.complete(end(task, attempt), 'answer'),
  fail: ({ store }: World, task: number, attempt: number) => store.fail(end(task, attempt), details),
  cancel: ({ store }: World, task: number) => store.cancel(task, () => [event('x')]),
  requeue: ({ store }: World, task: number, attempt: number) => store.requeue(end(task, attempt), 'why'),
  recover: ({ store }: World) => store.recover(3),
};

const anyOperation: fc.Arbitrary<Operation> = fc.tuple(
  fc.constantFrom(...(Object.keys(operations) as (keyof typeof operations)[])),
  fc.nat(3),
  fc.integer({ min: 1, max: 3 }),
);

function assertLawful(database: StateDatabase, store: TaskStore, id: number): void {
  const { tasks } = store.list({ limit: 1_000 });
  const task = tasks.find((found) => found.id === id);
  const events: TaskEvent[] = store.events(id, 0, 10_000);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(task?.lastSeq).toBe(events.length);

  const states = events.filter(({ type }) => type === 'state').map(({ status }) => status as TaskStatus);
  expect(states[0]).toBe('PENDING');
  for (const [index, status] of states.slice(1).entries()) {
    expect(canMove(states[index] as TaskStatus, status), `${states.join(' → ')}`).toBe(true);
  }
  expect(states.at(-1)).toBe(task?.status);
  expect(states.filter(hasEnded).length).toBeLessThanOrEqual(1);
  if (states.some(hasEnded)) expect(events.at(-1)?.type).toBe('state');

  const attempts = events.map(({ attempt }) => attempt);
  expect(attempts).toEqual(attempts.toSorted((a, b) => a - b));
  expect(events.filter(({ type }) => type === 'attempt')).toHaveLength((task?.attempt ?? 0) - 1);
  for (const { token, type } of events) expect(token === '').toBe(type !== 'token');

  const notified = database.prepare<[number], { n: number }>(
    'SELECT COUNT(*) AS n FROM task_notifications WHERE task = ?',
  );
  expect(notified.get(id)?.n).toBe(hasEnded(task?.status ?? 'PENDING') ? 1 : 0);
}

test('whatever is done in whatever order, every history is lawful', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyOperation, { maxLength: 40 }), fc.boolean(), async (steps, atOnce) => {
      const database = openTestDatabase();
      const store = createTaskStore(database, { clock: steppingClock() });
      const world: World = { store, ids: [] };
      await operations.create(world);
      const running = steps.map(([name, task, attempt]) => async () => {
        await operations[name](world, world.ids[task] ?? 1, attempt);
      });
      if (atOnce) await Promise.all(running.map((step) => step()));
      else for (const step of running) await step();
      for (const id of world.ids) assertLawful(database, store, id);
      const counts = store.countByStatus();
      const { tasks } = store.list({ limit: 1_000 });
      for (const status of TASK_STATUSES) {
        expect(counts[status]).toBe(tasks.filter((task) => task.status === status).length);
      }
      database.close();
    }),
    { numRuns: 60 },
  );
});
