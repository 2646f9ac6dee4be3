// Conversations with a real model through a whole group: Grace, Fiedler and its stored tasks.
import { connectTools, type ToolClient } from '@mad-group/mad';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Group, startGroup } from '../kit/group.ts';
import { type RealModel, realModel } from './real-model.ts';

let real: RealModel;
let group: Group;
let fiedler: ToolClient;
let grace: ToolClient;

beforeAll(async () => {
  real = await realModel(process.env);
  group = await startGroup({
    OPENAI_BASE_URL: real.baseUrl,
    OPENAI_API_KEY: real.apiKey ?? 'none',
    LLM_MODEL: real.model,
    LLM_TIMEOUT_MS: '240000',
  });
  [fiedler, grace] = await Promise.all([
    connectTools(group.url('fiedler')),
    connectTools(group.url('grace')),
  ]);
});
afterAll(async () => {
  await fiedler?.close();
  await grace?.close();
  await group?.stop();
  await real?.[Symbol.asyncDispose]();
});

interface Event {
  readonly seq: number;
  readonly type: string;
  readonly token: string;
  readonly timestamp: string;
}

async function converse(prompt: string, conversation_id: string) {
  const input = { prompt, requester_id: 'llm-test', conversation_id };
  const { task_id } = await fiedler.callOrThrow('fiedler_converse', input);
  const events: Event[] = [];
  for (let after = 0, done = false; !done; ) {
    const page = await fiedler.callOrThrow('fiedler_get_task_events', { task_id, after, wait_ms: 10_000 });
    events.push(...(page.events as Event[]));
    after = page.next_after as number;
    done = page.done as boolean;
  }
  const task = await fiedler.callOrThrow('fiedler_get_task_status', { task_id });
  const { response } = task.result_payload as { response: string };
  console.log(
    `\n> ${prompt}\n${response}\n[${events.filter(({ type }) => type === 'token').length} token events]`,
  );
  return { task, events, response };
}

test('a conversation of two turns: streamed and stored, over Fiedler and Grace', async () => {
  const { position } = await grace.callOrThrow('grace_subscribe', {
    client_id: 'llm',
    topics: ['mad.stream.*', 'mad.direct.llm-test'],
  });
  const first = await converse('My name is Zebedee. Please greet me by my name.', 'c-1');
  expect(first.task.status).toBe('COMPLETED');
  const tokens = first.events.filter(({ type }) => type === 'token');
  expect(tokens.length).toBeGreaterThan(3);
  expect(tokens.map(({ token }) => token).join('')).toBe(first.response);
  expect(first.events.map(({ seq }) => seq)).toEqual(first.events.map((_, index) => index + 1));

  const second = await converse('What is my name?', 'c-1');
  // A model this small may not use its memory; that it was given is tested with a stub model.
  expect(second.task.status).toBe('COMPLETED');

  // The same tokens went over the bus, and the notification behind them. By position: a queue holds 100.
  const seen: { channel: string; payload: { token?: string; status?: string } }[] = [];
  const isNotified = () => seen.filter(({ channel }) => channel === 'mad.direct.llm-test').length === 2;
  for (let after = position; !isNotified(); ) {
    const page = await grace.callOrThrow('grace_poll_messages', {
      client_id: 'llm',
      after,
      limit: 1000,
      wait_ms: 5000,
    });
    seen.push(...(page.messages as typeof seen));
    after = page.position;
  }
  const streamed = seen.filter(({ channel }) => channel === `mad.stream.${second.task.task_id}`);
  expect(streamed.map(({ payload }) => payload.token).join('')).toBe(second.response);
  expect(seen.at(-1)).toMatchObject({ channel: 'mad.direct.llm-test', payload: { status: 'COMPLETED' } });
});

test('a cancel in the middle ends it', async () => {
  const input = { prompt: 'Count from 1 to 500, one number a line.', requester_id: 'llm-test' };
  const { task_id } = await fiedler.callOrThrow('fiedler_converse', input);
  const status = async () => (await fiedler.callOrThrow('fiedler_get_task_status', { task_id })).status;
  await expect.poll(status, { timeout: 120_000 }).toBe('STREAMING');
  await fiedler.callOrThrow('fiedler_cancel_task', { task_id });
  expect(await status()).toBe('CANCELLED');
});
