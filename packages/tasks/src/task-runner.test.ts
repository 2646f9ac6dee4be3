import { setTimeout as delay } from 'node:timers/promises';
import { MadError, systemClock, type TaskStatus, type ThinkRequest } from '@mad-group/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { TaskRunner } from './task-runner.ts';
import { createTaskStore } from './task-store.ts';
import {
  caller,
  hangingThinker,
  joinTokens,
  silentMetrics,
  steppingClock,
  thinkerOf,
  token,
} from './testing/fakes.ts';
import { createTestRunner, openTestDatabase, type TestRunner, temporaryPath } from './testing/test-runner.ts';

const alice = caller('alice');
const bob = caller('bob');
const admin = caller('root', 'admin');

const opened: TestRunner[] = [];
afterEach(async () => {
  for (const { runner, database } of opened.splice(0)) {
    await runner.stop({ deadlineMs: 0 });
    database.close();
  }
});

async function started(options: Parameters<typeof createTestRunner>[0] = {}): Promise<TestRunner> {
  const test = createTestRunner(options);
  opened.push(test);
  await test.runner.start();
  return test;
}

const submit = (runner: TaskRunner, prompt = 'hello', who = alice, more: object = {}) =>
  runner.submit({ prompt, correlationId: 'c-1', ...more }, who);

const ended = (runner: TaskRunner, taskId: string) => runner.waitForEnd(taskId, AbortSignal.timeout(10_000));

const untilStatus = (runner: TaskRunner, taskId: string, status: TaskStatus) =>
  vi.waitFor(() => expect(runner.get(taskId, admin).status).toBe(status), { timeout: 5_000 });

describe('running', () => {
  test('a task is answered; its tokens joined are the answer', async () => {
    const { runner } = await started();
    const task = await submit(runner, 'one two three');
    expect(task.status).toBe('RUNNING');
    expect(await ended(runner, task.taskId)).toMatchObject({
      status: 'COMPLETED',
      response: 'echo: one two three',
    });
    const { events, done } = await runner.events(task.taskId, {}, alice);
    expect(joinTokens(events)).toBe('echo: one two three');
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(done).toBe(true);
  });

  test('an answer cut inside characters is put together again', async () => {
    const text = 'a👋🏽b — ok 🎉';
    const thinker = thinkerOf(async function* () {
      for (let index = 0; index < text.length; index += 1) yield token(text.charAt(index));
    });
    const { runner } = await started({ thinker });
    const task = await submit(runner);
    expect((await ended(runner, task.taskId)).response).toBe(text);
    expect(joinTokens((await runner.events(task.taskId, {}, alice)).events)).toBe(text);
  });

  test('plans and tool calls keep their place among the tokens', async () => {
    const thinker = thinkerOf(async function* () {
      yield { type: 'plan', plan: null, note: 'no plan' };
      yield token('a');
      yield { type: 'tool_call', name: 'look', arguments: { at: 1 } };
      yield { type: 'tool_result', name: 'look', content: '42' };
      yield token('b');
      yield token('c');
    });
    const { runner } = await started({ thinker });
    const task = await submit(runner);
    await ended(runner, task.taskId);
    const { events } = await runner.events(task.taskId, {}, alice);
    expect(
      events.map((event) => (event.type === 'state' ? event.status : event.token || event.type)),
    ).toEqual([
      'PENDING',
      'RUNNING',
      'plan',
      'STREAMING',
      'a',
      'tool_call',
      'tool_result',
      'bc',
      'RUNNING',
      'COMPLETED',
    ]);
    expect(events.every((event) => typeof event.token === 'string')).toBe(true);
  });

  test('no more tasks run at once than the concurrency says, in the order in which they came', async () => {
    let now = 0;
    let most = 0;
    const begun: string[] = [];
    const thinker = thinkerOf(async function* ({ prompt }) {
      begun.push(prompt);
      now += 1;
      most = Math.max(most, now);
      await delay(1);
      now -= 1;
      yield token('x');
    });
    const { runner } = await started({ thinker, concurrency: 3 });
    const tasks = await Promise.all(Array.from({ length: 30 }, (_, n) => submit(runner, `${n}`)));
    await Promise.all(tasks.map(({ taskId }) => ended(runner, taskId)));
    expect(most).toBe(3);
    expect(begun).toEqual(tasks.map(({ prompt }) => prompt));
    await vi.waitFor(() => expect(runner.load()).toMatchObject({ queued: 0, running: 0 }));
  });

  test('the thinker gets the history of the conversation and the caller that asked', async () => {
    const requests: ThinkRequest[] = [];
    const thinker = thinkerOf(async function* (request) {
      requests.push(request);
      yield token(`answer ${requests.length}`);
    });
    const { runner } = await started({ thinker });
    for (const who of [alice, bob, alice]) {
      await ended(runner, (await submit(runner, `from ${who.name}`, who, { conversationId: 'k' })).taskId);
    }
    expect(requests.map(({ history }) => history)).toEqual([
      [],
      [],
      [{ prompt: 'from alice', response: 'answer 1' }],
    ]);
    expect(requests[1]?.caller).toEqual(bob);
  });

  test('what is told about a task carries its ids', async () => {
    const lines: [object, string][] = [];
    const logger = (bound: object): Parameters<typeof createTestRunner>[0] & object => ({
      log: {
        debug: () => undefined,
        info: (facts, message) => void lines.push([{ ...bound, ...facts }, message]),
        warn: () => undefined,
        error: () => undefined,
        child: (facts) => logger({ ...bound, ...facts }).log as never,
      },
    });
    const finished = vi.fn();
    const { runner } = await started({ ...logger({}), metrics: { ...silentMetrics, finished } });
    const task = await submit(runner);
    await ended(runner, task.taskId);
    await vi.waitFor(() => expect(finished).toHaveBeenCalledWith('COMPLETED', expect.any(Number)));
    expect(lines.map(([, message]) => message)).toEqual([
      `Received new task ${task.taskId}`,
      `Task ${task.taskId} status changed to RUNNING`,
      `Task ${task.taskId} status changed to COMPLETED`,
    ]);
    for (const [facts] of lines) expect(facts).toMatchObject({ task_id: task.taskId, correlation_id: 'c-1' });
  });
});

describe('failing', () => {
  test('is a warning in the log, with the code', async () => {
    const lines: [string, object, string][] = [];
    const at = (level: string) => (facts: object, message: string) =>
      void lines.push([level, facts, message]);
    const log = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: () => log,
    };
    const thinker = thinkerOf(() => {
      throw new MadError('provider_auth', 'Incorrect API key provided.');
    });
    const finished = vi.fn();
    const { runner } = await started({ log, thinker, metrics: { ...silentMetrics, finished } });
    const { taskId } = await submit(runner);
    await vi.waitFor(() => expect(finished).toHaveBeenCalledWith('FAILED', expect.any(Number)));
    expect(lines.filter(([level]) => level !== 'info')).toEqual([
      ['warn', expect.objectContaining({ code: 'provider_auth' }), `Task ${taskId} status changed to FAILED`],
    ]);
  });

  test("a MadError keeps its code and words; the trace is the admin's alone", async () => {
    const thinker = thinkerOf(async function* () {
      yield token('half an ans');
      throw new MadError('provider_auth', 'Incorrect API key provided.');
    });
    const { runner } = await started({ thinker });
    const task = await submit(runner);
    await ended(runner, task.taskId);
    const view = runner.get(task.taskId, alice);
    expect(view).toMatchObject({
      status: 'FAILED',
      result_payload: null,
      error_details: { message: 'Incorrect API key provided.', code: 'provider_auth', stack_trace: null },
    });
    expect(runner.get(task.taskId, admin).error_details?.stack_trace).toContain('MadError');
    const { events } = await runner.events(task.taskId, {}, alice);
    expect(joinTokens(events)).toBe('half an ans');
    expect(events.at(-1)).toMatchObject({ status: 'FAILED', error: { code: 'provider_auth' } });
    expect(JSON.stringify(events)).not.toContain('.ts:');
  });

  test('anything else that is thrown is internal', async () => {
    const thinker = thinkerOf(() => {
      throw new TypeError('x is not a function');
    });
    const { runner } = await started({ thinker });
    const task = await submit(runner);
    expect(await ended(runner, task.taskId)).toMatchObject({
      status: 'FAILED',
      error: { code: 'internal', message: 'x is not a function' },
    });
  });

  test('a task that takes too long fails, also where the thinker does not listen', async () => {
    const held = Promise.withResolvers<void>();
    const thinker = thinkerOf(async function* () {
      yield token('a');
      await held.promise;
    });
    const { runner } = await started({ thinker, taskTimeoutMs: 30 });
    const task = await submit(runner);
    expect(await ended(runner, task.taskId)).toMatchObject({ status: 'FAILED', error: { code: 'timeout' } });
    held.resolve();
  });
});

describe('the queue', () => {
  test('past its bound a caller is told how many wait and when to try again', async () => {
    const refused = vi.fn();
    const { runner } = await started({
      thinker: hangingThinker,
      concurrency: 1,
      queueMax: 2,
      metrics: { ...silentMetrics, refused },
    });
    const first = await submit(runner);
    await untilStatus(runner, first.taskId, 'STREAMING');
    await submit(runner, 'kept', alice, { idempotencyKey: 'k' });
    await submit(runner);
    const error = await submit(runner).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'queue_full', retryAfterMs: expect.any(Number) });
    expect((error as Error).message).toMatch(/^2 tasks are waiting, .* Try again in \d+ s\.$/);
    expect(refused).toHaveBeenCalledOnce();
    expect((await submit(runner, 'kept', alice, { idempotencyKey: 'k' })).prompt).toBe('kept');
  });

  test('a full disk refuses a new task with a reason, and running ones wait for room', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const thinker = thinkerOf(async function* () {
      yield token('a');
      await held;
      yield token('b');
    });
    const { runner, database } = await started({ thinker });
    const task = await submit(runner);
    await untilStatus(runner, task.taskId, 'STREAMING');
    const readOnly = (on: boolean): void => {
      for (const side of [database, database.relaxed]) side.prepare(`PRAGMA query_only = ${on}`).run();
    };
    readOnly(true);
    release();
    await expect(submit(runner)).rejects.toMatchObject({ code: 'database_unavailable' });
    expect(runner.get(task.taskId, alice).status).toBe('STREAMING');
    readOnly(false);
    expect(await ended(runner, task.taskId)).toMatchObject({ status: 'COMPLETED', response: 'ab' });
    expect(joinTokens((await runner.events(task.taskId, {}, alice)).events)).toBe('ab');
  });
});

describe('a database that fails to be read', () => {
  test('as a task ends, delays the next one and ends nothing else', async () => {
    const database = openTestDatabase();
    const store = createTaskStore(database, { clock: systemClock });
    let failing = 0;
    const countByStatus = (): Record<TaskStatus, number> => {
      failing -= 1;
      if (failing >= 0) throw new Error('disk I/O error');
      return store.countByStatus();
    };
    const finished = (): void => {
      failing = 2;
    };
    const { runner } = await started({
      database,
      store: { ...store, countByStatus },
      metrics: { ...silentMetrics, finished },
      concurrency: 1,
    });
    const [first, second] = await Promise.all([submit(runner, 'first'), submit(runner, 'second')]);
    expect((await ended(runner, first.taskId)).status).toBe('COMPLETED');
    expect((await ended(runner, second.taskId)).status).toBe('COMPLETED');
    failing = 2;
    await runner.stop({ deadlineMs: 1_000 });
  });

  test('right behind the claim, the task is run all the same', async () => {
    const database = openTestDatabase();
    const store = createTaskStore(database, { clock: systemClock });
    const status = vi.fn(store.status).mockImplementationOnce(() => {
      throw new Error('disk I/O error');
    });
    const { runner } = await started({ database, store: { ...store, status } });
    const { taskId } = await submit(runner);
    expect((await ended(runner, taskId)).status).toBe('COMPLETED');
    expect(status).toHaveBeenCalled();
  });
});

describe('cancelling', () => {
  test('that cannot be stored is told as such, and costs none of the text', async () => {
    const held = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const thinker = thinkerOf(async function* () {
      yield token('a');
      await held.promise;
      yield token('b');
      // What waits to be written now is what a cancellation stores with it.
      written.resolve();
      await delay(0);
      yield token('c');
    });
    const database = openTestDatabase();
    const real = createTaskStore(database, { clock: systemClock });
    // Nothing is written behind the cancellation's back.
    let holdWrites = false;
    const appendEvents: typeof real.appendEvents = (groups) => {
      if (holdWrites) throw new Error('the disk is full');
      return real.appendEvents(groups);
    };
    const { runner } = await started({ database, store: { ...real, appendEvents }, thinker });
    const task = await submit(runner);
    await untilStatus(runner, task.taskId, 'STREAMING');
    database
      .prepare(
        `CREATE TEMP TRIGGER refuse BEFORE UPDATE OF status ON tasks WHEN NEW.status = 'CANCELLED'
         BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END`,
      )
      .run();
    holdWrites = true;
    held.resolve();
    await written.promise;
    await expect(runner.cancel(task.taskId, alice)).rejects.toMatchObject({ code: 'database_unavailable' });
    holdWrites = false;
    expect(await ended(runner, task.taskId)).toMatchObject({ status: 'COMPLETED', response: 'abc' });
    expect(joinTokens((await runner.events(task.taskId, {}, alice)).events)).toBe('abc');
  });

  test('aborts the thinker and ends the task at once', async () => {
    let aborted = false;
    const thinker = thinkerOf(async function* (_, signal) {
      yield token('begun');
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      await delay(60_000, undefined, { signal });
    });
    const { runner, publisher } = await started({ thinker, concurrency: 1 });
    const task = await submit(runner);
    const next = await submit(runner, 'next');
    await untilStatus(runner, task.taskId, 'STREAMING');
    expect(aborted).toBe(false);
    expect((await runner.cancel(task.taskId, alice)).status).toBe('CANCELLED');
    expect(aborted).toBe(true);
    await untilStatus(runner, next.taskId, 'STREAMING');
    await vi.waitFor(() => expect(publisher.of('mad.direct.alice')).toHaveLength(1));
    expect(publisher.of('mad.direct.alice')[0]?.payload).toEqual({
      notification_type: 'task_update',
      task_id: task.taskId,
      status: 'CANCELLED',
      message: 'Task cancelled.',
    });
  });

  test('a waiting task never runs', async () => {
    const prompts: string[] = [];
    const thinker = thinkerOf(async function* ({ prompt }, signal) {
      prompts.push(prompt);
      yield token('x');
      if (prompt === 'first') await delay(60_000, undefined, { signal });
    });
    const { runner } = await started({ thinker, concurrency: 1 });
    const first = await submit(runner, 'first');
    const second = await submit(runner, 'second');
    const third = await submit(runner, 'third');
    await runner.cancel(second.taskId, alice);
    await runner.cancel(first.taskId, alice);
    await ended(runner, third.taskId);
    expect(prompts).toEqual(['first', 'third']);
  });

  test('a task that has ended stays as it is', async () => {
    const { runner } = await started();
    const task = await submit(runner);
    await ended(runner, task.taskId);
    await expect(runner.cancel(task.taskId, alice)).rejects.toMatchObject({
      code: 'conflict',
      message: `Task '${task.taskId}' has already ended: it is COMPLETED.`,
    });
  });

  test('right behind the claim it still counts', async () => {
    const { runner } = await started({ thinker: hangingThinker, concurrency: 20 });
    const tasks = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const task = await submit(runner);
        await runner.cancel(task.taskId, alice);
        return task;
      }),
    );
    for (const { taskId } of tasks) expect(runner.get(taskId, alice).status).toBe('CANCELLED');
    await vi.waitFor(() => expect(runner.load()).toMatchObject({ queued: 0, running: 0 }));
  });
});

describe('owners', () => {
  test("someone else's task reads as if there were none; admin sees all", async () => {
    const { runner } = await started();
    const task = await submit(runner);
    await ended(runner, task.taskId);
    const words = (id: string) => ({ code: 'not_found', message: `Task with id '${id}' not found.` });
    for (const id of [task.taskId, 'nothing']) {
      expect(() => runner.get(id, bob)).toThrow(expect.objectContaining(words(id)));
      await expect(runner.events(id, {}, bob)).rejects.toMatchObject(words(id));
      await expect(runner.cancel(id, bob)).rejects.toMatchObject(words(id));
    }
    expect(runner.list({}, bob).tasks).toEqual([]);
    expect(runner.list({}, alice).tasks).toHaveLength(1);
    expect(runner.list({}, admin).tasks).toHaveLength(1);
    expect(runner.get(task.taskId, admin).owner).toBe('alice');
  });
});

describe('following', () => {
  test('a reader waits for the next event and is woken by it', async () => {
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const thinker = thinkerOf(async function* () {
      yield token('a');
      await held;
      yield token('b');
    });
    const { runner } = await started({ thinker });
    const task = await submit(runner);
    await untilStatus(runner, task.taskId, 'STREAMING');
    const { nextAfter } = await runner.events(task.taskId, {}, alice);
    const waiting = runner.events(task.taskId, { after: nextAfter, waitMs: 60_000 }, alice);
    go();
    expect((await waiting).events[0]).toMatchObject({ seq: nextAfter + 1 });
  });

  test('a wait ends with its time, or with its reader', async () => {
    const { runner } = await started({ thinker: hangingThinker });
    const task = await submit(runner);
    await untilStatus(runner, task.taskId, 'STREAMING');
    const { nextAfter: after } = await runner.events(task.taskId, {}, alice);
    expect((await runner.events(task.taskId, { after, waitMs: 20 }, alice)).events).toEqual([]);
    const gone = new AbortController();
    const waiting = runner.events(task.taskId, { after, waitMs: 60_000, signal: gone.signal }, alice);
    gone.abort();
    expect(await waiting).toMatchObject({ events: [], done: false, nextAfter: after });
  });

  test('any number can be resumed from, long after the end', async () => {
    const { runner } = await started();
    const task = await submit(runner, 'a b c');
    await ended(runner, task.taskId);
    const all = (await runner.events(task.taskId, {}, alice)).events;
    for (let after = 0; after <= all.length; after += 1) {
      const page = await runner.events(task.taskId, { after, limit: 2, waitMs: 60_000 }, alice);
      expect(page.events).toEqual(all.slice(after, after + 2));
      expect(page.done).toBe(after + 2 >= all.length);
    }
  });
});

describe('stopping and starting', () => {
  test('a drain lets running tasks end, takes no new ones, and keeps the queue', async () => {
    const thinker = thinkerOf(async function* () {
      yield token('a');
      await delay(50);
      yield token('b');
    });
    const { runner, store } = await started({ thinker, concurrency: 1 });
    const first = await submit(runner);
    const second = await submit(runner);
    await untilStatus(runner, first.taskId, 'STREAMING');
    const stopping = runner.stop({ deadlineMs: 5_000 });
    await expect(submit(runner)).rejects.toMatchObject({ code: 'draining' });
    await stopping;
    expect(store.get(first.taskId)?.status).toBe('COMPLETED');
    expect(store.get(second.taskId)).toMatchObject({ status: 'PENDING', attempt: 1 });
  });

  test('past the deadline a task goes back to the queue, and the next start runs it again', async () => {
    const path = temporaryPath();
    const before = createTestRunner({ database: openTestDatabase(path), thinker: hangingThinker });
    await before.runner.start();
    const task = await submit(before.runner);
    await untilStatus(before.runner, task.taskId, 'STREAMING');
    await before.runner.stop({ deadlineMs: 20 });
    expect(before.store.get(task.taskId)).toMatchObject({ status: 'PENDING', attempt: 2 });
    before.database.close();

    const { runner } = await started({ database: openTestDatabase(path) });
    expect(await ended(runner, task.taskId)).toMatchObject({ status: 'COMPLETED', attempt: 2 });
    const { events } = await runner.events(task.taskId, {}, alice);
    expect(events.filter(({ type }) => type === 'attempt')).toMatchObject([{ attempt: 2, token: '' }]);
    expect(joinTokens(events)).toBe('echo: hello');
  });

  test('a task that ends its process every time fails with a plain reason', async () => {
    const { runner, store } = createTestRunner({ maxAttempts: 1 });
    const { task } = await store.create({
      prompt: 'poison',
      requesterId: 'alice',
      caller: alice,
      correlationId: 'c',
    });
    await store.claim(() => 1);
    await runner.start();
    expect(runner.get(task.taskId, alice).error_details).toMatchObject({ code: 'attempts_exhausted' });
    // The bus may have events of attempt 1 that a loss of power took from the store.
    const { events } = await runner.events(task.taskId, {}, alice);
    expect(events.at(-1)).toMatchObject({ status: 'FAILED', attempt: 2 });
    await runner.stop({ deadlineMs: 0 });
  });

  test('stopping is idempotent, wakes waiting readers, and works before the start', async () => {
    const { runner } = await started({ thinker: hangingThinker });
    const task = await submit(runner);
    await untilStatus(runner, task.taskId, 'STREAMING');
    const { nextAfter: after } = await runner.events(task.taskId, {}, alice);
    const waiting = runner.events(task.taskId, { after, waitMs: 60_000 }, alice);
    const following = runner.waitForEnd(task.taskId, new AbortController().signal);
    following.catch(() => undefined);
    await Promise.all([runner.stop({ deadlineMs: 0 }), runner.stop({ deadlineMs: 0 })]);
    expect((await waiting).events.length).toBeGreaterThan(0);
    await expect(following).rejects.toMatchObject({ code: 'draining' });
    await createTestRunner().runner.stop({ deadlineMs: 0 });
  });

  test('old tasks are deleted with their events', async () => {
    const clock = steppingClock();
    const path = temporaryPath();
    const before = createTestRunner({ database: openTestDatabase(path), clock, retentionDays: 30 });
    await before.runner.start();
    const task = await submit(before.runner);
    await ended(before.runner, task.taskId);
    await before.runner.stop({ deadlineMs: 1_000 });
    before.database.close();

    clock.advance(29 * 86_400_000);
    const kept = createTestRunner({ database: openTestDatabase(path), clock, retentionDays: 30 });
    await kept.runner.start();
    expect(kept.store.get(task.taskId)?.status).toBe('COMPLETED');
    await kept.runner.stop({ deadlineMs: 0 });
    kept.database.close();

    clock.advance(2 * 86_400_000);
    const { runner, database } = await started({
      database: openTestDatabase(path),
      clock,
      retentionDays: 30,
    });
    await vi.waitFor(() => expect(runner.list({}, alice).tasks).toEqual([]));
    expect(database.prepare('SELECT COUNT(*) AS n FROM task_events').get()).toEqual({ n: 0 });
  });
});
