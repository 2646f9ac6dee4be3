import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LLMock } from '@copilotkit/aimock';
import { type Bus, createMemoryBus } from '@mad-group/bus';
import { createProvider } from '@mad-group/imperator';
import {
  connectTools,
  createCallers,
  createMetrics,
  loadConfig,
  type Mad,
  type PlannerClient,
  providerMetrics,
  type ToolClient,
} from '@mad-group/mad';
import { MadError, type Plan, silentLogger } from '@mad-group/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFiedler } from './create-fiedler.ts';

const PLAN: Plan = { plan: [{ step_number: 1, title: 'Knead', description: 'Knead the dough.' }] };

let folder: string;
let model: LLMock;
let bus: Bus;
let fiedler: Mad;
let client: ToolClient;
let planner: PlannerClient & { reachable: boolean };

function fakePlanner(): typeof planner {
  return {
    reachable: true,
    start: async () => undefined,
    stop: async () => undefined,
    connected() {
      return this.reachable;
    },
    async plan() {
      if (!this.reachable) throw new MadError('unreachable', 'nobody there');
      return PLAN;
    },
  };
}

async function open(): Promise<void> {
  const config = loadConfig({
    DATA_DIR: folder,
    FIEDLER_PORT: '0',
    OPENAI_BASE_URL: `${model.url}/v1`,
    OPENAI_API_KEY: 'a-key',
    TASK_CONCURRENCY: '2',
  });
  const metrics = createMetrics({ processMetrics: false });
  fiedler = await createFiedler({
    config,
    bus,
    metrics,
    planner,
    log: silentLogger,
    callers: createCallers({ host: config.HOST, auth: 'on', log: silentLogger }),
    provider: createProvider(config, {
      log: silentLogger,
      metrics: providerMetrics({ metrics, config }, 'fiedler'),
    }),
  });
  await fiedler.start();
  client = await connectTools(`ws://127.0.0.1:${fiedler.port}`);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mad-fiedler-'));
  model = new LLMock({ port: 0, chunkSize: 3 });
  await model.start();
  bus = createMemoryBus({ log: silentLogger });
  await bus.start();
  planner = fakePlanner();
  await open();
});
afterEach(async () => {
  await client.close();
  await fiedler.stop({ deadlineMs: 1000 });
  await bus.stop();
  await model.stop();
  await rm(folder, { recursive: true, force: true });
});

const ended = async (taskId: string) => {
  await expect
    .poll(async () => (await client.callOrThrow('fiedler_get_task_status', { task_id: taskId })).status)
    .toMatch(/COMPLETED|FAILED|CANCELLED/);
  return client.callOrThrow('fiedler_get_task_status', { task_id: taskId });
};

test('a prompt becomes a task whose events are its states and its tokens', async () => {
  model.onMessage('hello', { content: 'Hello to you too.' });
  const accepted = await client.callOrThrow('fiedler_converse', { prompt: 'hello', requester_id: 'me' });
  const taskId = accepted.task_id as string;
  expect(accepted).toMatchObject({
    status: 'pending',
    stream_topic: `mad.stream.${taskId}`,
    requester_id: 'me',
  });
  expect(await ended(taskId)).toMatchObject({
    status: 'COMPLETED',
    result_payload: { response: 'Hello to you too.' },
    error_details: null,
  });
  const { events, done } = (await client.callOrThrow('fiedler_get_task_events', {
    task_id: taskId,
  })) as unknown as {
    events: { seq: number; type: string; token: string; status?: string }[];
    done: boolean;
  };
  expect(done).toBe(true);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.filter(({ type }) => type === 'state').map(({ status }) => status)).toEqual([
    'PENDING',
    'RUNNING',
    'STREAMING',
    'RUNNING',
    'COMPLETED',
  ]);
  expect(events.map(({ token }) => token).join('')).toBe('Hello to you too.');
});

test('the model reads tasks through its tools, with the caller’s eyes', async () => {
  model.onMessage('first', { content: 'One.' });
  const { task_id } = await client.callOrThrow('fiedler_ask', { prompt: 'first' });
  const userMessage = 'what became of';
  const call = { name: 'get_task_status', arguments: JSON.stringify({ task_id }) };
  model.on({ userMessage, hasToolResult: false }, { toolCalls: [call] });
  model.on({ userMessage, hasToolResult: true }, { content: 'It is done.' });
  const { response, task_id: asking } = await client.callOrThrow('fiedler_ask', {
    prompt: 'what became of it?',
  });
  expect(response).toBe('It is done.');
  const { events } = await client.callOrThrow('fiedler_get_task_events', { task_id: asking });
  expect(events).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ type: 'tool_call', name: 'get_task_status' }),
      expect.objectContaining({ type: 'tool_result', content: expect.stringContaining('"One."') }),
    ]),
  );
});

test('a trigger phrase goes to Sequential Thinking first, and the answer says where it could not', async () => {
  model.onMessage(/bread/, { content: 'Knead it.' });
  const planned = await client.callOrThrow('fiedler_ask', { prompt: 'Plan the steps to bake bread.' });
  expect(planned.response).toBe('Knead it.');
  const { events } = await client.callOrThrow('fiedler_get_task_events', { task_id: planned.task_id });
  expect(events).toEqual(expect.arrayContaining([expect.objectContaining({ type: 'plan', plan: PLAN })]));

  planner.reachable = false;
  const alone = await client.callOrThrow('fiedler_ask', { prompt: 'Plan the steps to bake bread.' });
  expect(alone.response).toMatch(/Sequential Thinking could not be reached[\s\S]*Knead it\.$/);
  expect(await client.callOrThrow('mad_get_status', {})).toMatchObject({ health: 'DEGRADED' });
});

test('a wrong key is a FAILED task with the provider’s words, never an answer', async () => {
  model.onMessage('hello', {
    error: { message: 'Incorrect API key provided.', type: 'invalid_request_error' },
    status: 401,
  });
  const reply = await client.call('fiedler_ask', { prompt: 'hello' });
  expect(reply).toMatchObject({
    status: 'error',
    code: 'provider_auth',
    message: expect.stringContaining('Incorrect API key'),
  });
  const { tasks } = await client.callOrThrow('fiedler_list_tasks', { status: 'FAILED' });
  expect(tasks).toMatchObject([{ result_payload: null, error_details: { code: 'provider_auth' } }]);
});

test('a cancel ends the task and the model’s request', async () => {
  model.onMessage('slowly', { content: 'x'.repeat(3000) }, { latency: 50 });
  const { task_id } = await client.callOrThrow('fiedler_converse', { prompt: 'slowly', requester_id: 'me' });
  const status = async () => (await client.callOrThrow('fiedler_get_task_status', { task_id })).status;
  await expect.poll(status).toBe('STREAMING');
  expect(await client.callOrThrow('fiedler_cancel_task', { task_id })).toMatchObject({
    task_status: 'CANCELLED',
  });
  expect(await status()).toBe('CANCELLED');
  expect(await client.call('fiedler_cancel_task', { task_id })).toMatchObject({ code: 'conflict' });
});

test('a conversation goes along as history, an idempotency key gives the same task', async () => {
  model.onMessage('I am Ada', { content: 'Hello Ada.' });
  model.onMessage('who am I', { content: 'Ada.' });
  const conversation_id = 'c-1';
  const first = { prompt: 'I am Ada', requester_id: 'me', conversation_id, idempotency_key: 'k' };
  const { task_id } = await client.callOrThrow('fiedler_converse', first);
  expect((await client.callOrThrow('fiedler_converse', first)).task_id).toBe(task_id);
  await ended(task_id as string);
  await client.callOrThrow('fiedler_ask', { prompt: 'who am I', conversation_id });
  expect(model.getLastRequest()?.body).toMatchObject({
    messages: [
      { role: 'system' },
      { role: 'user', content: 'I am Ada' },
      { role: 'assistant', content: 'Hello Ada.' },
      { role: 'user', content: 'who am I' },
    ],
  });
});

test('tasks, events and all are still there in the next process', async () => {
  model.onMessage('hello', { content: 'Hello.' });
  const { task_id } = await client.callOrThrow('fiedler_ask', { prompt: 'hello' });
  await client.close();
  await fiedler.stop({ deadlineMs: 1000 });
  await open();
  expect(await client.callOrThrow('fiedler_get_task_status', { task_id })).toMatchObject({
    status: 'COMPLETED',
  });
  const { events } = await client.callOrThrow('fiedler_get_task_events', { task_id });
  expect((events as { token: string }[]).map(({ token }) => token).join('')).toBe('Hello.');
});
