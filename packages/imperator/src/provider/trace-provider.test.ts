import { silentLogger } from '@mad-group/protocol';
import { withTracing } from '@mad-group/protocol/tracing';
import { type RecordedSpans, recordSpans } from '@mad-group/protocol/tracing/testing';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { createOpenAiProvider } from './openai-provider.ts';
import type { ChatMessage, Provider } from './provider.ts';
import {
  answers,
  DONE,
  type ScriptedServer,
  scriptedServer,
  sse,
  streams,
} from './scripted-server.test-support.ts';
import { traceProvider } from './trace-provider.ts';

let recorded: RecordedSpans;
afterEach(() => recorded?.stop());

const FIRST = `data: ${JSON.stringify({
  id: 'chatcmpl-1',
  model: 'small-model-0613',
  choices: [{ index: 0, delta: { content: 'Hel' }, finish_reason: null }],
})}\n\n`;
const USAGE = `data: ${JSON.stringify({
  choices: [],
  usage: {
    prompt_tokens: 42,
    completion_tokens: 7,
    total_tokens: 49,
    prompt_tokens_details: { cached_tokens: 16 },
  },
})}\n\n`;
const ANSWER = streams(FIRST, sse({ content: 'lo' }), sse({}, 'stop'), USAGE, DONE);

async function tracedProvider(
  replies: Parameters<typeof scriptedServer>,
  options: { capturesContent?: boolean } = {},
): Promise<{ provider: Provider; server: ScriptedServer }> {
  recorded = recordSpans(options);
  const server = await scriptedServer(...replies);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const { baseUrl } = server;
  const retry = { maxRetries: 2, baseDelayMs: 1, maxDelayMs: 2 };
  const plain = createOpenAiProvider({ baseUrl, model: 'small-model', log: silentLogger, retry });
  return { provider: traceProvider(plain, { model: 'small-model', baseUrl }), server };
}

const MESSAGES: ChatMessage[] = [
  { role: 'system', content: 'You are a test.' },
  { role: 'user', content: 'What is the secret?' },
  { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'look', arguments: '{}' }] },
  { role: 'tool', toolCallId: 'c1', content: 'a result' },
];

const REQUEST = { tools: [], signal: new AbortController().signal, correlationId: 'c-1', maxTokens: 100 };

/** Reads an answer to its end. */
async function ask(provider: Provider): Promise<void> {
  for await (const _ of provider.stream({ ...REQUEST, messages: MESSAGES }));
}

const askTraced = (provider: Provider): Promise<void> =>
  withTracing(recorded.tracing, {}, () => ask(provider));

test('an answer is a span with the model, its place, what it took and why it ended', async () => {
  const { provider, server } = await tracedProvider([ANSWER]);
  await askTraced(provider);
  const { hostname, port } = new URL(server.baseUrl);
  const span = recorded.span('chat small-model');
  expect(span).toMatchObject({
    kind: 'CLIENT',
    failed: false,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'small-model',
      'gen_ai.request.stream': true,
      'gen_ai.request.max_tokens': 100,
      'gen_ai.response.id': 'chatcmpl-1',
      'gen_ai.response.model': 'small-model-0613',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 42,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.usage.cache_read.input_tokens': 16,
      'server.address': hostname,
      'server.port': Number(port),
    },
  });
  expect(span.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0);
});

test('all tries of an answer are one span, and each of them carries it to the provider', async () => {
  const { provider, server } = await tracedProvider([answers(503, 'busy'), ANSWER]);
  await askTraced(provider);
  const { traceId, spanId } = recorded.span('chat small-model');
  expect(server.traceparents).toEqual(Array(2).fill(`00-${traceId}-${spanId}-01`));
});

test('a server that does not count tokens for us is asked without, within the same span', async () => {
  const { provider, server } = await tracedProvider([
    answers(422, 'Extra inputs are not permitted: stream_options'),
    ANSWER,
  ]);
  await askTraced(provider);
  expect(server.requests.map((request) => 'stream_options' in request)).toEqual([true, false]);
  expect(recorded.span('chat small-model').failed).toBe(false);
});

test('an answer that fails has the code of its error, and none of its words', async () => {
  const { provider } = await tracedProvider([answers(400, 'the prompt was: What is the secret?')]);
  await expect(askTraced(provider)).rejects.toThrow('What is the secret?');
  const span = recorded.span('chat small-model');
  expect(span).toMatchObject({ failed: true, attributes: { 'error.type': 'provider_rejected' } });
  expect(JSON.stringify(span)).not.toContain('secret');
});

test('a request for JSON is such a span, too', async () => {
  const { provider } = await tracedProvider([ANSWER]);
  await withTracing(recorded.tracing, {}, () =>
    provider.completeJson({
      ...REQUEST,
      system: 'Plan.',
      prompt: 'bread',
      schema: { name: 'plan', schema: {} },
    }),
  );
  expect(recorded.span('chat small-model').attributes).toMatchObject({
    'gen_ai.output.type': 'json',
    'gen_ai.usage.input_tokens': 42,
  });
});

test('nothing that was asked or said is in a span', async () => {
  const { provider } = await tracedProvider([ANSWER]);
  await askTraced(provider);
  for (const words of ['secret', 'You are a test', 'a result', 'Hello', 'Hel']) {
    expect(JSON.stringify(recorded.spans())).not.toContain(words);
  }
});

test('it is where that was opted for, in the shape of the conventions', async () => {
  const { provider } = await tracedProvider([ANSWER], { capturesContent: true });
  await askTraced(provider);
  const { attributes } = recorded.span('chat small-model');
  expect(JSON.parse(String(attributes['gen_ai.input.messages']))).toEqual([
    { role: 'system', parts: [{ type: 'text', content: 'You are a test.' }] },
    { role: 'user', parts: [{ type: 'text', content: 'What is the secret?' }] },
    { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'look', arguments: '{}' }] },
    { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: 'a result' }] },
  ]);
  expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toEqual([
    { role: 'assistant', parts: [{ type: 'text', content: 'Hello' }] },
  ]);
});

test('a provider that is not traced is sent no header of a trace', async () => {
  const { provider, server } = await tracedProvider([ANSWER]);
  await ask(provider);
  expect(server.traceparents).toEqual([undefined]);
  expect(recorded.spans()).toEqual([]);
});
