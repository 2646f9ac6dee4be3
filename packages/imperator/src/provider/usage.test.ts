import { silentLogger } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { type Circuit, createCircuit } from './circuit.ts';
import { createOpenAiProvider } from './openai-provider.ts';
import type { Provider } from './provider.ts';
import { answers, DONE, resetsAfter, scriptedServer, sse, streams } from './scripted-server.test-support.ts';
import { toUsage, type Usage } from './usage.ts';

/** A provider that remembers what it told of its answers and its failed tries. */
function watched(baseUrl: string, circuit?: Circuit) {
  const used: (Usage | null)[] = [];
  const failures: string[] = [];
  const provider = createOpenAiProvider({
    baseUrl,
    model: 'm',
    log: silentLogger,
    circuit,
    outageWaitMs: 0,
    retry: { maxRetries: 2, baseDelayMs: 1, maxDelayMs: 2 },
    onUsage: (usage) => used.push(usage),
    onFailure: (code) => failures.push(code),
  });
  return { provider, used, failures };
}

const request = { tools: [], signal: new AbortController().signal, correlationId: 'c' };
async function ask(provider: Provider): Promise<string> {
  let text = '';
  const messages = [{ role: 'user' as const, content: 'hello' }];
  for await (const event of provider.stream({ ...request, messages })) {
    if (event.type === 'token') text += event.token;
  }
  return text;
}

const usageChunk = (usage: object, choices: unknown[] = []): string =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices, usage })}\n\n`;
const HI = sse({ content: 'Hi' });
const STOP = sse({}, 'stop');

test('tokens are those of the last chunk that tells them, with what was cached apart', async () => {
  const details = { prompt_tokens_details: { cached_tokens: 30 } };
  const running = usageChunk({ prompt_tokens: 40, completion_tokens: 1, ...details });
  const last = usageChunk({ prompt_tokens: 40, completion_tokens: 9, total_tokens: 49, ...details });
  await using server = await scriptedServer(streams(HI, running, STOP, last, DONE));
  const { provider, used } = watched(server.baseUrl);
  expect(await ask(provider)).toBe('Hi');
  expect(used).toEqual([{ input: 10, cachedInput: 30, output: 9 }]);
});

test('a server that does not say leaves its answers uncounted', async () => {
  await using server = await scriptedServer(streams(HI, STOP, DONE));
  const { provider, used } = watched(server.baseUrl);
  await ask(provider);
  expect(used).toEqual([null]);
});

test('an answer that its reader leaves is uncounted', async () => {
  await using server = await scriptedServer(streams(HI, STOP, DONE));
  const { provider, used } = watched(server.baseUrl);
  const messages = [{ role: 'user' as const, content: 'hello' }];
  for await (const _ of provider.stream({ ...request, messages })) break;
  expect(used).toEqual([null]);
});

test('a server that takes no stream_options is not asked for the count again', async () => {
  const refusal = answers(422, 'body.stream_options: Extra inputs are not permitted');
  await using server = await scriptedServer(refusal, streams(HI, STOP, DONE));
  const { provider } = watched(server.baseUrl);
  expect(await ask(provider)).toBe('Hi');
  expect(await ask(provider)).toBe('Hi');
  const schema = { name: 'plan', schema: {} };
  expect(await provider.completeJson({ ...request, system: '', prompt: 'p', schema })).toBe('Hi');
  expect(server.requests.map((body) => 'stream_options' in body)).toEqual([true, false, false, false]);
});

test('each try that fails is told by its kind, also where a later one succeeds', async () => {
  await using server = await scriptedServer(
    answers(429, 'slow down'),
    answers(503, 'overloaded'),
    streams(HI, STOP, DONE),
  );
  const { provider, failures } = watched(server.baseUrl);
  await ask(provider);
  expect(failures).toEqual(['provider_rate_limited', 'provider_unavailable']);
});

test('a try is told once behind a circuit too, and none where the circuit lets none through', async () => {
  await using server = await scriptedServer(answers(503, 'overloaded'));
  const circuit = createCircuit({ log: silentLogger, failures: 2, firstWaitMs: 60_000 });
  const { provider, failures } = watched(server.baseUrl, circuit);
  for (let request = 0; request < 3; request += 1) {
    await expect(ask(provider)).rejects.toMatchObject({ code: 'provider_unavailable' });
  }
  expect(server.requests).toHaveLength(2);
  expect(failures).toEqual(['provider_unavailable', 'provider_unavailable']);
});

test.each([
  ['', () => undefined],
  [' behind a circuit', () => createCircuit({ log: silentLogger })],
])('an answer that breaks off%s is one failure, and uncounted', async (_, circuit) => {
  await using server = await scriptedServer(resetsAfter(HI));
  const { provider, failures, used } = watched(server.baseUrl, circuit());
  await expect(ask(provider)).rejects.toMatchObject({ code: 'provider_bad_response' });
  expect({ failures, used }).toEqual({ failures: ['provider_bad_response'], used: [null] });
});

test.each([
  [null, undefined],
  [{}, undefined],
  [{ prompt_tokens: 1 }, undefined],
  [{ prompt_tokens: -1, completion_tokens: 1 }, undefined],
  [
    { prompt_tokens: 5, completion_tokens: 0 },
    { input: 5, cachedInput: 0, output: 0 },
  ],
  [
    { prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 9 } },
    { input: 0, cachedInput: 5, output: 1 },
  ],
])('usage %j is %j', (field, usage) => expect(toUsage(field)).toEqual(usage));
