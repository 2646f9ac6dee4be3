import { LOCAL_CALLER, MadError, silentLogger } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { createThinker } from './create-thinker.ts';
import { createProvider } from './provider/create-provider.ts';
import { measureProvider } from './provider/measure-provider.ts';
import type { Provider, ProviderEvent } from './provider/provider.ts';

const metrics = {
  called: () => undefined,
  firstToken: () => undefined,
  failed: () => undefined,
  retried: () => undefined,
  used: () => undefined,
  circuit: () => undefined,
};
const parts = { log: silentLogger, metrics };
const environment = { LLM_MODEL: 'gpt-4o-mini', LLM_TIMEOUT_MS: 1_000, LLM_OUTAGE_WAIT_MS: 0 };

const saying = (...events: (ProviderEvent | Error)[]): Provider => ({
  name: 'fake',
  async *stream() {
    for (const event of events) {
      if (event instanceof Error) throw event;
      yield event;
    }
  },
  completeJson: () => Promise.reject(new MadError('provider_timeout', 'late')),
});
const TOKEN: ProviderEvent = { type: 'token', token: 'Hi' };
const END: ProviderEvent = { type: 'end', reason: 'stop' };

test('the environment names the provider, and its absence means offline', () => {
  expect(createProvider(environment, parts)).toBeNull();
  expect(createProvider({ ...environment, OPENAI_API_KEY: '' }, parts)).toBeNull();
  expect(createProvider({ ...environment, OPENAI_API_KEY: 'sk-1' }, parts)?.name).toBe('openai gpt-4o-mini');
  expect(createProvider({ ...environment, OPENAI_BASE_URL: 'http://ollama:11434/v1' }, parts)?.name).toBe(
    'ollama:11434 gpt-4o-mini',
  );
});

test.each([
  ['a model', saying(TOKEN, END), /^Hi$/],
  ['rules', null, /No model is configured/],
])('a thinker answers with %s', async (_, provider, words) => {
  const thinker = createThinker({
    madId: 'fiedler',
    contextFile: 'x',
    provider,
    tools: [],
    rules: [],
    triggers: [],
    planner: null,
    log: silentLogger,
  });
  const request = { taskId: 't', prompt: 'hello', history: [], caller: LOCAL_CALLER, correlationId: 'c' };
  let answer = '';
  for await (const thought of thinker.think(request, new AbortController().signal)) {
    if (thought.type === 'token') answer += thought.token;
  }
  expect(answer).toMatch(words);
});

describe('a measured provider counts each request by its outcome', () => {
  const request = { messages: [], tools: [], signal: new AbortController().signal, correlationId: 'c' };
  const outcomesOf = async (provider: Provider, use: (measured: Provider) => Promise<unknown>) => {
    const outcomes: string[] = [];
    const measured = measureProvider(provider, { ...metrics, called: (outcome) => outcomes.push(outcome) });
    await use(measured).catch((error: unknown) => expect(error).toBeInstanceOf(MadError));
    return outcomes;
  };
  const readAll = async (provider: Provider) => {
    for await (const event of provider.stream(request)) expect(event).toBeDefined();
  };

  test('ok', async () => {
    expect(await outcomesOf(saying(TOKEN, END), readAll)).toEqual(['ok']);
  });

  test('the code of the error', async () => {
    const failing = saying(TOKEN, new MadError('provider_bad_response', 'broken'));
    expect(await outcomesOf(failing, readAll)).toEqual(['provider_bad_response']);
    const json = { ...request, system: '', prompt: '', schema: { name: 'x', schema: {} } };
    expect(await outcomesOf(saying(), (measured) => measured.completeJson(json))).toEqual([
      'provider_timeout',
    ]);
  });

  test('cancelled, where the reader leaves before the end', async () => {
    const leave = async (provider: Provider) => {
      for await (const _ of provider.stream(request)) break;
    };
    expect(await outcomesOf(saying(TOKEN, END), leave)).toEqual(['cancelled']);
  });
});
