import {
  type Envelope,
  EnvelopeSchema,
  formatPosition,
  MadError,
  systemClock,
  TaskEventSchema,
} from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { eventMessageId, notificationMessageId } from './task-messages.ts';
import { createTaskStore } from './task-store.ts';
import {
  caller,
  createFakePublisher,
  type FakePublisher,
  joinTokens,
  thinkerOf,
  token,
} from './testing/fakes.ts';
import { createTestRunner, openTestDatabase, type TestRunner, temporaryPath } from './testing/test-runner.ts';

const alice = caller('alice');
const unavailable = () => new MadError('bus_unavailable', 'The bus is away.');

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

async function run({ runner }: TestRunner, prompt = 'a b c', more: object = {}) {
  const { taskId } = await runner.submit(
    { prompt, correlationId: 'c-1', requesterId: 'tester', ...more },
    alice,
  );
  return runner.waitForEnd(taskId, AbortSignal.timeout(10_000));
}

const published = ({ runner }: TestRunner) =>
  vi.waitFor(() => expect(runner.load().unpublished).toBe(0), { timeout: 10_000 });

const payloads = (publisher: FakePublisher, taskId: string) =>
  publisher.of(`mad.stream.${taskId}`).map(({ payload }) => TaskEventSchema.parse(payload));

describe('what is published', () => {
  test('every event in order as it is stored, then the notification', async () => {
    const test = await started();
    const task = await run(test, 'a b c', { conversationId: 'k' });
    await published(test);
    const { publisher, store } = test;
    expect(payloads(publisher, task.taskId)).toEqual(store.events(task.id, 0, 100));
    const all = publisher.envelopes.map((envelope) => EnvelopeSchema.parse(envelope));
    for (const [index, envelope] of all.entries()) {
      const last = index === all.length - 1;
      expect(envelope).toMatchObject({
        sender_id: 'fiedler',
        conversation_id: 'k',
        correlation_id: 'c-1',
        recipient_id: last ? 'tester' : null,
        channel: last ? 'mad.direct.tester' : `mad.stream.${task.taskId}`,
        headers: { owner: 'alice' },
      });
    }
    expect(all.at(-1)?.payload).toEqual({
      notification_type: 'task_update',
      task_id: task.taskId,
      status: 'COMPLETED',
      message: 'Task completed successfully.',
      result: { response: 'echo: a b c' },
    });
    expect(publisher.calls.some(({ retry }) => retry)).toBe(false);
  });

  test('the notification of a failure has the reason and no stack trace', async () => {
    const thinker = thinkerOf(() => {
      throw new MadError('provider_timeout', 'The model did not answer.');
    });
    const test = await started({ thinker });
    const task = await run(test);
    await published(test);
    expect(test.publisher.of('mad.direct.tester').map(({ payload }) => payload)).toEqual([
      {
        notification_type: 'task_update',
        task_id: task.taskId,
        status: 'FAILED',
        message: 'Task failed.',
        error: { message: 'The model did not answer.', code: 'provider_timeout', stack_trace: null },
      },
    ]);
  });

  test('message ids are version 5 UUIDs of task, number and attempt', () => {
    const id = eventMessageId('t', { seq: 1, attempt: 1 });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(eventMessageId('t', { seq: 1, attempt: 1 })).toBe(id);
    const others = [
      eventMessageId('t', { seq: 2, attempt: 1 }),
      eventMessageId('t', { seq: 1, attempt: 2 }),
      eventMessageId('u', { seq: 1, attempt: 1 }),
      notificationMessageId('t'),
    ];
    expect(new Set([id, ...others]).size).toBe(5);
  });
});

test('more tasks than it keeps in memory are each published once and forgotten', async () => {
  const { log, lines } = recordingLog();
  const test = await started({ concurrency: 4, queueMax: 10_000, log });
  const { publisher, database } = test;
  const submit = (_: unknown, n: number) =>
    test.runner.submit({ prompt: `task ${n}`, correlationId: 'c', requesterId: 'tester' }, alice);
  await Promise.all(Array.from({ length: 2_500 }, submit));
  await vi.waitFor(() => expect(test.runner.load()).toEqual({ queued: 0, running: 0, unpublished: 0 }), {
    timeout: 60_000,
  });
  await vi.waitFor(() =>
    expect(database.prepare('SELECT COUNT(*) AS tasks FROM task_outbox').get()).toEqual({ tasks: 0 }),
  );
  expect(publisher.calls.some(({ retry }) => retry)).toBe(false);
  expect(publisher.of('mad.direct.tester')).toHaveLength(2_500);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
}, 90_000);

describe('while the bus fails', () => {
  test('tasks go on, and everything goes out in order when it is back', async () => {
    const test = await started();
    const { publisher, runner, store } = test;
    publisher.failWith(unavailable);
    const tasks = await Promise.all(Array.from({ length: 20 }, (_, n) => run(test, `task ${n}`)));
    expect(tasks.every(({ status }) => status === 'COMPLETED')).toBe(true);
    expect(runner.load().unpublished).toBe(20);
    expect(publisher.envelopes).toEqual([]);
    publisher.failWith(undefined);
    await published(test);
    for (const task of tasks) expect(payloads(publisher, task.taskId)).toEqual(store.events(task.id, 0, 100));
    expect(publisher.of('mad.direct.tester')).toHaveLength(20);
  });

  test('a lost reply is tried again with the same id and as a retry, and makes one entry', async () => {
    const test = await started();
    const { publisher, store } = test;
    const lost = new Set<string>();
    publisher.failWith(({ message_id }) => {
      if (lost.has(message_id)) return undefined;
      lost.add(message_id);
      return 'lost reply';
    });
    const task = await run(test);
    await published(test);
    expect(payloads(publisher, task.taskId)).toEqual(store.events(task.id, 0, 100));
    expect(publisher.of('mad.direct.tester')).toHaveLength(1);
    const tries = Map.groupBy(publisher.calls, ({ envelope }) => envelope.message_id);
    for (const of of tries.values()) expect(of.map(({ retry }) => retry)).toEqual([false, true]);
  });

  test('one task that the bus refuses for good does not hold up the others', async () => {
    const test = await started();
    const { publisher } = test;
    publisher.failWith((envelope) =>
      envelope.channel === 'mad.direct.bad' ? new MadError('invalid_input', 'no such channel') : undefined,
    );
    await run(test, 'x', { requesterId: 'bad' });
    await run(test, 'y');
    await published(test);
    expect(publisher.of('mad.direct.tester')).toHaveLength(1);
    expect(publisher.of('mad.direct.bad')).toHaveLength(0);
  });

  test('what is too large for the bus is named there and can be read whole', async () => {
    const long = 'x'.repeat(300_000);
    const thinker = thinkerOf(async function* () {
      yield { type: 'tool_result', name: 'look', content: long };
      yield token(long);
    });
    const test = await started({ thinker });
    const { publisher, runner } = test;
    publisher.failWith((envelope: Envelope) =>
      JSON.stringify(envelope).length > 262_144 ? new MadError('payload_too_large', 'too large') : undefined,
    );
    const task = await run(test);
    await published(test);
    const events = payloads(publisher, task.taskId);
    expect(joinTokens(events)).toBe(long);
    expect(events.find(({ type }) => type === 'tool_result')).toMatchObject({ truncated: true, token: '' });
    expect(publisher.of('mad.direct.tester')[0]?.payload).toMatchObject({ result: null, truncated: true });
    const stored = await runner.events(task.taskId, {}, alice);
    expect(stored.events.find(({ type }) => type === 'tool_result')).toMatchObject({ content: long });
  });
});

describe('what no try will get through', () => {
  test('stays out where even the smaller message is too large, and holds up nobody', async () => {
    const test = await started();
    const { publisher } = test;
    publisher.failWith(({ channel }) =>
      channel === 'mad.direct.bad' ? new MadError('payload_too_large', 'too large') : undefined,
    );
    await run(test, 'x', { requesterId: 'bad' });
    await run(test, 'y');
    await published(test);
    expect(publisher.of('mad.direct.tester')).toHaveLength(1);
    expect(publisher.calls.filter(({ envelope }) => envelope.channel === 'mad.direct.bad')).toHaveLength(2);
  });

  test('a long error is kept and told in a part that the bus takes', async () => {
    const thinker = thinkerOf(() => {
      throw new MadError('provider_unavailable', 'no '.repeat(1_000_000));
    });
    const test = await started({ thinker });
    const task = await run(test);
    await published(test);
    const [notification] = test.publisher.of('mad.direct.tester');
    expect(JSON.stringify(notification).length).toBeLessThan(10_000);
    expect(notification?.payload).toMatchObject({ error: { message: task.error?.message } });
  });

  test('a database that cannot be read is told of as one', async () => {
    const { log, lines } = recordingLog();
    const database = openTestDatabase();
    const store = createTaskStore(database, { clock: systemClock });
    const get = vi.fn(store.outbox.get).mockImplementationOnce(() => {
      throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR');
    });
    const test = await started({ database, store: { ...store, outbox: { ...store.outbox, get } }, log });
    await run(test);
    await published(test);
    expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'The outbox cannot read the database, trying again',
    ]);
  });
});

describe('at the end', () => {
  test('a bus that is known to be away is not waited for', async () => {
    let isAway = false;
    const publisher = createFakePublisher();
    const test = createTestRunner({
      publisher: { ...publisher, status: () => ({ connected: !isAway }) } as FakePublisher,
    });
    await test.runner.start();
    publisher.failWith(unavailable);
    isAway = true;
    await run(test);
    const began = performance.now();
    await test.runner.stop({ deadlineMs: 30_000 });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(test.runner.load().unpublished).toBe(1);
    test.database.close();
  });

  test('the outbox has the time that the tasks left', async () => {
    const test = createTestRunner();
    await test.runner.start();
    const { publisher, runner } = test;
    const stuck = Promise.withResolvers<void>();
    publisher.publish = async (envelope) => {
      await stuck.promise;
      return formatPosition({ epoch: envelope.message_id, place: '1-1' });
    };
    await run(test);
    const began = performance.now();
    await runner.stop({ deadlineMs: 1_500 });
    const tookMs = performance.now() - began;
    stuck.resolve();
    expect(tookMs).toBeGreaterThan(1_450);
    expect(tookMs).toBeLessThan(10_000);
    test.database.close();
  });
});

describe('after a crash', () => {
  test('the rest goes out as retries, and what went out before makes no second entry', async () => {
    const path = temporaryPath();
    const publisher = createFakePublisher();
    const before = createTestRunner({ database: openTestDatabase(path), publisher });
    await before.runner.start();
    let sent = 0;
    publisher.failWith(() => {
      sent += 1;
      return sent > 7 ? unavailable() : sent === 7 ? 'lost reply' : undefined;
    });
    const tasks = await Promise.all([run(before), run(before), run(before)]);
    await vi.waitFor(() => expect(sent).toBeGreaterThan(7));
    // A killed process leaves what it published unmarked: as if nothing had been.
    await before.runner.stop({ deadlineMs: 0 });
    before.database.prepare('UPDATE task_outbox SET published_seq = 0').run();
    before.database.close();

    publisher.failWith(undefined);
    const callsBefore = publisher.calls.length;
    const after = await started({ database: openTestDatabase(path), publisher });
    await published(after);
    for (const task of tasks) {
      expect(payloads(publisher, task.taskId)).toEqual(after.store.events(task.id, 0, 100));
    }
    expect(publisher.of('mad.direct.tester')).toHaveLength(3);
    expect(publisher.calls.slice(callsBefore).every(({ retry }) => retry)).toBe(true);
  });

  test('what has gone out whole leaves no row behind', async () => {
    const test = await started();
    for (let n = 0; n < 5; n += 1) await run(test);
    await published(test);
    const rows = () => test.database.prepare('SELECT task FROM task_outbox').all();
    await vi.waitFor(() => expect(rows()).toEqual([]));
    const notified = 'SELECT COUNT(*) AS n FROM task_notifications WHERE published_ms IS NOT NULL';
    expect(test.database.prepare(notified).get()).toEqual({ n: 5 });
  });
});
