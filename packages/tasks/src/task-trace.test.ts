import { setTimeout as delay } from 'node:timers/promises';
import { silentLogger } from '@mad-group/protocol';
import { currentTraceHeaders, inSpan, SpanKind, withTracing } from '@mad-group/protocol/tracing';
import { type RecordedSpans, recordSpans } from '@mad-group/protocol/tracing/testing';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from './database.ts';
import { TASK_MIGRATIONS } from './task-migrations.ts';
import { caller, createFakePublisher, hangingThinker, thinkerOf, token } from './testing/fakes.ts';
import { createTestRunner, openTestDatabase, type TestRunner, temporaryPath } from './testing/test-runner.ts';

const alice = caller('alice');
const named = (name: string) => ({ name, kind: SpanKind.SERVER, attributes: {} });

let recorded: RecordedSpans;
beforeEach(() => {
  recorded = recordSpans();
});
afterEach(() => recorded.stop());

async function started(
  options: Parameters<typeof createTestRunner>[0] & { path?: string } = {},
): Promise<TestRunner> {
  const { path, ...rest } = options;
  const runner = createTestRunner({ tracing: recorded.tracing, database: openTestDatabase(path), ...rest });
  await runner.runner.start();
  return runner;
}

async function end({ runner, database }: TestRunner): Promise<void> {
  await runner.stop({ deadlineMs: 0 });
  database.close();
}

/** Submits a task within a span of this name. */
const submitIn = (span: string, { runner }: TestRunner) =>
  withTracing(recorded.tracing, {}, () =>
    inSpan(named(span), () => runner.submit({ prompt: 'hello', correlationId: 'c-1' }, alice)),
  );
const attempts = () => recorded.spans().filter(({ name }) => name === 'invoke_agent fiedler');

test('a task is a span below the call that gave it, above what its thinking does', async () => {
  const thinker = thinkerOf(async function* () {
    await inSpan(named('thinking'), () => delay(1));
    yield token('done');
  });
  const scene = await started({ thinker });
  onTestFinished(() => end(scene));
  const task = await submitIn('call', scene);
  await vi.waitFor(() => expect(attempts()).toHaveLength(1));
  const [attempt] = attempts();
  expect(attempt).toMatchObject({
    parentId: recorded.span('call').spanId,
    failed: false,
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'fiedler',
      'gen_ai.conversation.id': task.conversationId,
      'mad.task.id': task.taskId,
      'mad.task.attempt': 1,
      'mad.correlation_id': 'c-1',
    },
  });
  expect(recorded.span('thinking').parentId).toBe(attempt?.spanId);
});

test('a task that outlives its process goes on in the same trace, beside its first attempt', async () => {
  const path = temporaryPath();
  const first = await started({ path, thinker: hangingThinker });
  const task = await submitIn('call', first);
  await vi.waitFor(() => expect(first.store.status(task.id)).toBe('STREAMING'));
  await end(first);
  expect(attempts()).toMatchObject([{ failed: true, attributes: { 'error.type': 'drained' } }]);

  const second = await started({ path });
  onTestFinished(() => end(second));
  await vi.waitFor(() => expect(attempts()).toHaveLength(2));
  const { spanId, traceId } = recorded.span('call');
  expect(attempts()).toMatchObject([
    { traceId, parentId: spanId, attributes: { 'mad.task.attempt': 1 } },
    { traceId, parentId: spanId, failed: false, attributes: { 'mad.task.attempt': 2 } },
  ]);
});

test('tasks that are published together each carry their own trace', async () => {
  const seen = new Map<string, Set<string>>();
  const publisher = createFakePublisher();
  const scene = await started({
    publisher: {
      ...publisher,
      publish(envelope, options) {
        const traces = seen.get(envelope.correlation_id) ?? new Set();
        seen.set(envelope.correlation_id, traces.add(currentTraceHeaders().traceparent ?? 'none'));
        return publisher.publish(envelope, options);
      },
    },
  });
  onTestFinished(() => end(scene));
  const submit = (n: number) =>
    withTracing(recorded.tracing, {}, () =>
      inSpan(named(`call ${n}`), () =>
        scene.runner.submit({ prompt: 'a b c', correlationId: `c-${n}` }, alice),
      ),
    );
  await Promise.all([1, 2, 3, 4, 5].map(submit));
  await scene.runner.submit({ prompt: 'a b c', correlationId: 'c-untraced' }, alice);
  await vi.waitFor(() => expect(scene.runner.load()).toEqual({ queued: 0, running: 0, unpublished: 0 }));
  for (const n of [1, 2, 3, 4, 5]) {
    const { traceId, spanId } = recorded.span(`call ${n}`);
    expect([...(seen.get(`c-${n}`) ?? [])]).toEqual([`00-${traceId}-${spanId}-01`]);
  }
  expect([...(seen.get('c-untraced') ?? [])]).toEqual(['none']);
});

test('a failed attempt has its code, and a cancelled one says so', async () => {
  const scene = await started({ thinker: hangingThinker });
  onTestFinished(() => end(scene));
  const { taskId } = await submitIn('call', scene);
  await scene.runner.cancel(taskId, alice);
  await vi.waitFor(() => expect(attempts()).toHaveLength(1));
  expect(attempts()).toMatchObject([{ failed: true, attributes: { 'error.type': 'cancelled' } }]);
});

test('a database from before traces were kept is brought on, its tasks without one', async () => {
  const path = temporaryPath();
  const migrations = TASK_MIGRATIONS.filter(({ name }) => name === 'tasks-001');
  const old = openDatabase({ path, log: silentLogger, migrations });
  const statements = [
    `INSERT INTO tasks (task_id, status, owner, scopes, requester_id, conversation_id, correlation_id, created_ms, updated_ms)
      VALUES ('old-task', 'PENDING', 'alice', 'read', 'alice', 'conv', 'corr', 1, 1)`,
    "INSERT INTO task_prompts VALUES (1, 'hello')",
    'INSERT INTO task_outbox (task) VALUES (1)',
    "INSERT INTO task_events (task, seq, type, attempt, at_ms, token) VALUES (1, 1, 'state', 1, 1, '')",
  ];
  for (const sql of statements) old.prepare(sql).run();
  old.close();
  const scene = await started({ path });
  onTestFinished(() => end(scene));
  await vi.waitFor(() =>
    expect(scene.store.get('old-task')).toMatchObject({ status: 'COMPLETED', trace: {} }),
  );
  await vi.waitFor(() => expect(attempts()).toHaveLength(1));
  expect(attempts()[0]?.parentId).toBeUndefined();
});
