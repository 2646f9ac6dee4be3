import {
  MadError,
  parseToolInput,
  silentLogger,
  type ToolContext,
  type ToolDefinition,
} from '@mad-group/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createTaskResources, createTaskTools } from './task-tools.ts';
import { caller, hangingThinker, thinkerOf } from './testing/fakes.ts';
import { createTestRunner, type TestRunner } from './testing/test-runner.ts';

const alice = caller('alice');
let opened: TestRunner | undefined;
afterEach(async () => {
  await opened?.runner.stop({ deadlineMs: 0 });
  opened?.database.close();
});

async function started(options: Parameters<typeof createTestRunner>[0] = {}) {
  opened = createTestRunner(options);
  await opened.runner.start();
  const tools = new Map(
    createTaskTools({ prefix: 'fiedler', runner: opened.runner }).map((tool) => [tool.name, tool]),
  );
  async function call(name: string, input: unknown, context: Partial<ToolContext> = {}) {
    const tool = tools.get(name) as ToolDefinition;
    const given = {
      caller: alice,
      correlationId: 'c-1',
      log: silentLogger,
      signal: new AbortController().signal,
      ...context,
    };
    const reply = await tool.handle(parseToolInput(tool, input), given);
    return tool.output.parse(reply) as Record<string, unknown>;
  }
  return { call, tools, runner: opened.runner };
}

test('the tools are named for their MAD, and only the ones that read are read-only', async () => {
  const { tools } = await started();
  const shown = [...tools.values()].map(({ name, scope, readOnly }) => [name, scope, readOnly]);
  expect(shown).toEqual([
    ['fiedler_converse', 'converse', false],
    ['fiedler_ask', 'converse', false],
    ['fiedler_get_task_status', 'read', true],
    ['fiedler_list_tasks', 'read', true],
    ['fiedler_cancel_task', 'converse', false],
    ['fiedler_get_task_events', 'read', true],
  ]);
});

test('a title says in English whose tasks it is about', async () => {
  const { tools } = await started();
  expect([...tools.values()].map(({ title }) => title)).toEqual([
    'Give Fiedler a task',
    'Ask Fiedler and wait',
    "Read one of Fiedler's tasks",
    "List Fiedler's tasks",
    "Cancel one of Fiedler's tasks",
    "Read the events of one of Fiedler's tasks",
  ]);
});

describe('words of the first implementation', () => {
  test.each([
    ['fiedler_converse', {}, "'prompt' and 'requester_id' are required."],
    ['fiedler_converse', { prompt: 'x', requester_id: '' }, "'prompt' and 'requester_id' are required."],
    ['fiedler_get_task_status', {}, "'task_id' is required."],
    ['fiedler_get_task_status', { task_id: 'X' }, "Task with id 'X' not found."],
    ['fiedler_cancel_task', {}, "'task_id' is required."],
    ['fiedler_get_task_events', { task_id: 'X' }, "Task with id 'X' not found."],
    ['fiedler_list_tasks', { before: 'nonsense' }, "'before' must be the next_before of an earlier page."],
  ])('%s %j says %s', async (name, input, words) => {
    const { call } = await started();
    await expect(call(name, input)).rejects.toThrow(words);
  });
});

test('a conversation from the prompt to the events', async () => {
  const { call } = await started();
  const reply = await call('fiedler_converse', {
    prompt: 'one two',
    requester_id: 'tester',
    conversation_id: 'k',
  });
  const taskId = reply.task_id as string;
  expect(reply).toEqual({
    status: 'pending',
    task_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    stream_topic: `mad.stream.${taskId}`,
    requester_id: 'tester',
    correlation_id: 'c-1',
    conversation_id: 'k',
  });
  let after = 0;
  let done = false;
  let text = '';
  while (!done) {
    const page = await call('fiedler_get_task_events', { task_id: taskId, after, wait_ms: 10_000 });
    text += (page.events as { token: string }[]).map(({ token }) => token).join('');
    after = page.next_after as number;
    done = page.done as boolean;
  }
  expect(text).toBe('echo: one two');
  const status = await call('fiedler_get_task_status', { task_id: taskId });
  expect(status).toMatchObject({ status: 'COMPLETED', result_payload: { response: text }, owner: 'alice' });
  const list = await call('fiedler_list_tasks', { limit: 1 });
  expect(list).toEqual({ status: 'success', tasks: [status], next_before: null });
});

describe('asking', () => {
  test('gives the answer and its tokens as progress', async () => {
    const { call } = await started();
    const pieces: string[] = [];
    const reply = await call(
      'fiedler_ask',
      { prompt: 'one two' },
      { progress: (text) => void pieces.push(text) },
    );
    expect(reply).toMatchObject({ status: 'success', task_status: 'COMPLETED', response: 'echo: one two' });
    expect(pieces.join('')).toBe('echo: one two');
  });

  test('a failed task is an error with the words of what went wrong, never an answer', async () => {
    const thinker = thinkerOf(() => {
      throw new MadError('provider_rate_limited', 'Too many requests.');
    });
    const { call } = await started({ thinker });
    await expect(call('fiedler_ask', { prompt: 'x' })).rejects.toMatchObject({
      code: 'provider_rate_limited',
      message: expect.stringMatching(/^Task '.{36}' failed: Too many requests\.$/),
    });
  });

  test('when the time is over it names the task, which goes on', async () => {
    const { call, runner } = await started({ thinker: hangingThinker });
    const error = await call('fiedler_ask', { prompt: 'x', timeout_ms: 30 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'timeout' });
    const [task] = runner.list({}, alice).tasks;
    expect((error as Error).message).toContain(task?.task_id);
    expect(['RUNNING', 'STREAMING']).toContain(task?.status);
  });

  test('a client that goes away does not cancel the task', async () => {
    const { call, runner } = await started({ thinker: hangingThinker });
    const gone = new AbortController();
    const asking = call('fiedler_ask', { prompt: 'x' }, { signal: gone.signal });
    asking.catch(() => undefined);
    await vi.waitFor(() => expect(runner.list({}, alice).tasks[0]?.status).toBe('STREAMING'));
    gone.abort();
    await expect(asking).rejects.toThrow(/It goes on/);
    expect(runner.list({}, alice).tasks[0]?.status).toBe('STREAMING');
  });

  test('a cancelled task says so', async () => {
    const { call, runner } = await started({ thinker: hangingThinker });
    const asking = call('fiedler_ask', { prompt: 'x' });
    asking.catch(() => undefined);
    await vi.waitFor(() => expect(runner.list({}, alice).tasks[0]?.status).toBe('STREAMING'));
    const taskId = runner.list({}, alice).tasks[0]?.task_id as string;
    const reply = await call('fiedler_cancel_task', { task_id: taskId });
    expect(reply).toEqual({ status: 'success', task_id: taskId, task_status: 'CANCELLED' });
    await expect(asking).rejects.toThrow(`Task '${taskId}' was cancelled.`);
  });
});

test('a task is a resource by its address, for its owner', async () => {
  const { call, runner } = await started();
  const { task_id } = await call('fiedler_converse', { prompt: 'x', requester_id: 'tester' });
  const [resource] = createTaskResources({ prefix: 'fiedler', runner });
  const context = { correlationId: 'c', log: silentLogger, signal: new AbortController().signal };
  expect(resource?.uri).toBe('mad://fiedler/tasks/{id}');
  const variables = { id: task_id as string };
  expect(await resource?.read(variables, { ...context, caller: alice })).toMatchObject({ task_id });
  expect(() => resource?.read(variables, { ...context, caller: caller('bob') })).toThrow(/not found/);
});
