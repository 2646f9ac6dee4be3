import { LLMock } from '@copilotkit/aimock';
import { type Logger, MadError, silentLogger } from '@mad-group/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createOpenAiProvider, type OpenAiProviderOptions } from './openai-provider.ts';
import type { Provider, ProviderEvent, StreamRequest } from './provider.ts';
import {
  answers,
  DONE,
  hangsAfter,
  resetsAfter,
  scriptedServer,
  serves,
  sse,
  streams,
} from './scripted-server.test-support.ts';

const mock = new LLMock({ port: 0 });
beforeAll(async () => {
  await mock.start();
});
afterAll(() => mock.stop());
beforeEach(() => {
  mock.clearFixtures();
  mock.clearRequests();
  mock.resetMatchCounts();
});

const provider = (baseUrl: string, more: Partial<OpenAiProviderOptions> = {}): Provider =>
  createOpenAiProvider({
    baseUrl,
    model: 'small-model',
    log: silentLogger,
    timeoutMs: 5_000,
    retry: { maxRetries: 2, baseDelayMs: 1, maxDelayMs: 2 },
    ...more,
  });
const mocked = (more: Partial<OpenAiProviderOptions> = {}) => provider(`${mock.url}/v1`, more);

async function ask(
  from: Provider,
  prompt = 'hello',
  more: Partial<StreamRequest> = {},
  onEvent: (event: ProviderEvent) => void = () => undefined,
): Promise<{ text: string; events: ProviderEvent[] }> {
  const events: ProviderEvent[] = [];
  const request: StreamRequest = {
    messages: [
      { role: 'system', content: 'You are a test.' },
      { role: 'user', content: prompt },
    ],
    tools: [],
    signal: new AbortController().signal,
    correlationId: 'c-1',
    ...more,
  };
  for await (const event of from.stream(request)) {
    events.push(event);
    onEvent(event);
  }
  return { text: events.map((event) => (event.type === 'token' ? event.token : '')).join(''), events };
}

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof MadError ? error.code : String(error);
};

/** A log that keeps its warnings and errors with the request that they belong to. */
function recordingLog(): { log: Logger; lines: { level: string; line: string; correlation_id: unknown }[] } {
  const lines: { level: string; line: string; correlation_id: unknown }[] = [];
  const bound = (facts: Record<string, unknown>): Logger => {
    const at = (level: string) => (_: object, line: string) =>
      void lines.push({ level, line, correlation_id: facts.correlation_id });
    const child = (more: object): Logger => bound({ ...facts, ...more });
    return { ...silentLogger, warn: at('warn'), error: at('error'), child };
  };
  return { log: bound({}), lines };
}

const TOOL = {
  name: 'get_task_status',
  description: 'A task.',
  parameters: { type: 'object', properties: {} },
};

describe('an answer', () => {
  test('streams in tokens and ends', async () => {
    mock.onMessage('hello', { content: 'Hello, how are you today?' }, { chunkSize: 5 });
    const { text, events } = await ask(mocked());
    expect(text).toBe('Hello, how are you today?');
    expect(events.length).toBeGreaterThan(4);
    expect(events.at(-1)).toEqual({ type: 'end', reason: 'stop' });
  });

  test('is asked for with as little as every server knows, and with the count of its tokens', async () => {
    mock.onMessage('hello', { content: 'Hi' });
    await ask(mocked());
    const request = mock.getLastRequest();
    expect(
      Object.keys(request?.body ?? {})
        .filter((key) => !key.startsWith('_'))
        .sort(),
    ).toEqual(['messages', 'model', 'stream', 'stream_options']);
    expect(request?.body).toMatchObject({ stream_options: { include_usage: true } });
  });

  test('carries the key, or `none` where there is only a base URL', async () => {
    await using server = await scriptedServer(streams(sse({ content: 'a' }), sse({}, 'stop'), DONE));
    await ask(provider(server.baseUrl));
    await ask(provider(server.baseUrl, { apiKey: 'sk-1' }));
    expect(server.authorizations).toEqual(['Bearer none', 'Bearer sk-1']);
  });

  test('that reached its limit says so', async () => {
    mock.onMessage('hello', { content: 'Hi', finishReason: 'length' });
    const { events } = await ask(mocked(), 'hello', { maxTokens: 5 });
    expect(events.at(-1)).toEqual({ type: 'end', reason: 'length' });
    expect(mock.getLastRequest()?.body).toMatchObject({ max_tokens: 5 });
  });

  test('that a filter stopped is an error', async () => {
    mock.onMessage('hello', { content: 'Hi', finishReason: 'content_filter' });
    expect(await codeOf(ask(mocked()))).toBe('provider_rejected');
  });

  test('may be followed by chunks without choices, and by a connection that stays open', async () => {
    await using server = await scriptedServer(
      hangsAfter(
        sse({ content: 'Hi' }),
        sse({}, 'stop'),
        'data: {"choices":[],"usage":{"total_tokens":3}}\n\n',
      ),
    );
    expect((await ask(provider(server.baseUrl))).text).toBe('Hi');
  });

  test('measures silence while waiting, not while its reader is busy', async () => {
    await using server = await scriptedServer(
      streams(sse({ content: 'a' }), sse({ content: 'b' }), sse({}, 'stop'), DONE),
    );
    const slow = provider(server.baseUrl, { timeoutMs: 100 });
    let text = '';
    for await (const event of slow.stream({
      messages: [{ role: 'user', content: 'x' }],
      tools: [],
      signal: new AbortController().signal,
      correlationId: 'c',
    })) {
      if (event.type !== 'token') continue;
      text += event.token;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(text).toBe('ab');
  });
});

describe('tool calls', () => {
  test('come whole, several at once, with the text before them', async () => {
    mock.onMessage('hello', {
      content: 'Let me look.',
      toolCalls: [
        { id: 'call_1', name: 'get_task_status', arguments: '{"task_id":"a"}' },
        { id: 'call_2', name: 'list_recent_tasks', arguments: '{"limit":3}' },
      ],
    });
    const { text, events } = await ask(mocked(), 'hello', { tools: [TOOL] });
    expect(text).toBe('Let me look.');
    expect(events.slice(-2)).toEqual([
      {
        type: 'tool_calls',
        calls: [
          { id: 'call_1', name: 'get_task_status', arguments: '{"task_id":"a"}' },
          { id: 'call_2', name: 'list_recent_tasks', arguments: '{"limit":3}' },
        ],
      },
      { type: 'end', reason: 'tool_calls' },
    ]);
    expect(mock.getLastRequest()?.body).toMatchObject({ tools: [{ type: 'function', function: TOOL }] });
  });

  test('go back to the model with their results', async () => {
    mock.onToolResult('call_1', { content: 'It is done.' });
    const call = { id: 'call_1', name: 'get_task_status', arguments: '{}' };
    const { text } = await ask(mocked(), '', {
      tools: [TOOL],
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: '', toolCalls: [call] },
        { role: 'tool', toolCallId: 'call_1', content: 'COMPLETED' },
      ],
    });
    expect(text).toBe('It is done.');
  });

  test('are given up where the model takes none, and the model is told', async () => {
    await using server = await scriptedServer(
      answers(400, 'registry.ollama.ai/library/tiny does not support tools'),
      streams(sse({ content: 'I cannot see it.' }), sse({}, 'stop'), DONE),
    );
    const { log, lines } = recordingLog();
    const small = provider(server.baseUrl, { log });
    expect((await ask(small, 'x', { tools: [TOOL] })).text).toBe('I cannot see it.');
    const line = 'this model takes no tools: it answers without state';
    expect(lines).toEqual([{ level: 'warn', line, correlation_id: 'c-1' }]);
    await ask(small, 'x', { tools: [TOOL] });
    expect(server.requests.map((request) => 'tools' in request)).toEqual([true, false, false]);
    expect(JSON.stringify(server.requests[2])).toContain('You have no tools in this conversation.');
  });
});

describe('a failure before the first token', () => {
  test('500, then an answer: the caller sees the answer', async () => {
    mock.onMessage('hello', { content: 'Hi' });
    mock.nextRequestError(500, { message: 'overloaded' });
    expect((await ask(mocked())).text).toBe('Hi');
    expect(mock.getRequests()).toHaveLength(2);
  });

  test('500 for ever fails with the provider’s words once the retries are spent', async () => {
    mock.onMessage('hello', { error: { message: 'the engine is on fire' }, status: 500 });
    await expect(ask(mocked())).rejects.toThrow('500 the engine is on fire');
    expect(await codeOf(ask(mocked()))).toBe('provider_unavailable');
    expect(mock.getRequests()).toHaveLength(6);
  });

  test('429 waits as long as Retry-After asks', async () => {
    await using server = await scriptedServer(
      answers(429, 'slow down', { 'retry-after-ms': '120' }),
      streams(sse({ content: 'Hi' }), sse({}, 'stop'), DONE),
    );
    const begun = performance.now();
    expect((await ask(provider(server.baseUrl))).text).toBe('Hi');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(115);
  });

  test('429 that asks for too long fails at once and says when to come back', async () => {
    mock.onMessage('hello', { error: { message: 'slow down' }, status: 429, retryAfter: 3600 });
    await expect(ask(mocked())).rejects.toMatchObject({
      code: 'provider_rate_limited',
      retryAfterMs: 3_600_000,
      message: expect.stringContaining('slow down'),
    });
    expect(mock.getRequests()).toHaveLength(1);
  });

  test('a spent quota is not tried again', async () => {
    mock.onMessage('hello', {
      error: { message: 'You exceeded your current quota', code: 'insufficient_quota' },
      status: 429,
    });
    await expect(ask(mocked())).rejects.toMatchObject({
      code: 'provider_rejected',
      message: expect.stringContaining('quota'),
    });
    expect(mock.getRequests()).toHaveLength(1);
  });

  test('a reset connection is tried again', async () => {
    await using server = await scriptedServer(
      resetsAfter(sse({ role: 'assistant', content: '' })),
      streams(sse({ content: 'Hi' }), sse({}, 'stop'), DONE),
    );
    expect((await ask(provider(server.baseUrl))).text).toBe('Hi');
  });

  test('silence is a timeout, tried again', async () => {
    await using server = await scriptedServer(hangsAfter());
    await expect(ask(provider(server.baseUrl, { timeoutMs: 50 }))).rejects.toMatchObject({
      code: 'provider_timeout',
      message: 'The model provider was silent for 0.05 s.',
    });
    expect(server.requests).toHaveLength(3);
    await vi.waitFor(() => expect(server.dropped()).toBe(3));
  });

  test('an answer that is late, as aimock makes it, is a timeout', async () => {
    mock.onMessage('hello', { content: 'too late' }, { chaos: { latencyMs: 300 } });
    const impatient = mocked({ timeoutMs: 50, retry: { maxRetries: 0 } });
    expect(await codeOf(ask(impatient))).toBe('provider_timeout');
  });

  test('nobody there: the reason and what to check are told', async () => {
    const gone = await scriptedServer(streams());
    await gone[Symbol.asyncDispose]();
    const nobody = provider(gone.baseUrl, { retry: { maxRetries: 0 } });
    await expect(ask(nobody)).rejects.toMatchObject({
      code: 'provider_unavailable',
      message: expect.stringMatching(/cannot be reached: .*ECONNREFUSED.*OPENAI_BASE_URL/),
    });
  });
});

describe('a failure that no retry helps', () => {
  test.each([
    ['text/html; charset=utf-8', 'text/html', '<!doctype html><p>Welcome'],
    ['application/json', 'application/json', '{"models": []}'],
    ['text/plain', 'text/plain', 'Ollama is running'],
  ])('200 with %s is named, and what to look at', async (contentType, type, text) => {
    await using server = await scriptedServer(serves(contentType, text));
    const failure = {
      code: 'provider_rejected',
      message: `The model provider answered ${type}, not an event stream: does OPENAI_BASE_URL end in /v1?`,
    };
    await expect(ask(provider(server.baseUrl), 'hello', { tools: [TOOL] })).rejects.toMatchObject(failure);
    expect(server.requests).toHaveLength(1);
    const plan = provider(server.baseUrl).completeJson({
      system: 'JSON only.',
      prompt: 'plan',
      schema: { name: 'plan', schema: { type: 'object' } },
      signal: new AbortController().signal,
      correlationId: 'c',
    });
    await expect(plan).rejects.toMatchObject(failure);
    expect(server.requests).toHaveLength(2);
  });

  test('an event stream under another name is read all the same', async () => {
    const events = sse({ content: 'Hi' }) + sse({}, 'stop') + DONE;
    await using server = await scriptedServer(serves('text/plain', events));
    expect((await ask(provider(server.baseUrl))).text).toBe('Hi');
  });

  test('a last event without its blank line counts, and a cut one does not', async () => {
    const end = sse({}, 'stop');
    await using server = await scriptedServer(
      serves('text/event-stream', sse({ content: 'Hi' }) + end.trimEnd()),
      serves('text/event-stream', sse({ content: 'Hi' }) + end.trimEnd().slice(0, -3)),
    );
    const some = provider(server.baseUrl);
    expect((await ask(some)).text).toBe('Hi');
    expect(await codeOf(ask(some))).toBe('provider_bad_response');
  });

  test.each([401, 403])('%i is one clear log line, without the key', async (status) => {
    const { log, lines } = recordingLog();
    const apiKey = 'sk-secret-12345';
    mock.onMessage('hello', { error: { message: `Incorrect API key provided: ${apiKey}.` }, status });
    const refused = ask(mocked({ apiKey, log }));
    await expect(refused).rejects.toMatchObject({ code: 'provider_auth' });
    const line = `The model provider refused the key: ${status} Incorrect API key provided: [key]. Set OPENAI_API_KEY.`;
    await expect(refused).rejects.toThrow(line);
    expect(lines).toEqual([{ level: 'error', line, correlation_id: 'c-1' }]);
    expect(mock.getRequests()).toHaveLength(1);
  });

  test.each([400, 404, 422])('%i is rejected with the provider’s words', async (status) => {
    mock.onMessage('hello', { error: { message: 'The model `small-model` does not exist' }, status });
    await expect(ask(mocked())).rejects.toMatchObject({
      code: 'provider_rejected',
      message: `The model provider refused the request: ${status} The model \`small-model\` does not exist.`,
    });
    expect(mock.getRequests()).toHaveLength(1);
  });
});

describe('an answer that is not complete never looks so', () => {
  test('cut by the server, as aimock does it', async () => {
    mock.onMessage(
      'hello',
      { content: 'one two three four five six' },
      { chunkSize: 4, truncateAfterChunks: 3, latency: 20 },
    );
    const tokens: string[] = [];
    const cut = ask(mocked(), 'hello', {}, (event) => event.type === 'token' && tokens.push(event.token));
    expect(await codeOf(cut)).toBe('provider_bad_response');
    expect(tokens.join('')).toMatch(/^one /);
    expect(mock.getRequests()).toHaveLength(1);
  });

  test.each([
    ['reset mid-stream', resetsAfter(sse({ content: 'a' }))],
    ['ended without a finish reason', streams(sse({ content: 'a' }))],
    ['ended by [DONE] alone', streams(sse({ content: 'a' }), DONE)],
    ['broken JSON', streams(sse({ content: 'a' }), 'data: {"choices": [\n\n')],
  ])('%s', async (_, reply) => {
    await using server = await scriptedServer(reply);
    const events: ProviderEvent[] = [];
    const broken = ask(provider(server.baseUrl), 'x', {}, (event) => events.push(event));
    expect(await codeOf(broken)).toBe('provider_bad_response');
    expect(events).toEqual([{ type: 'token', token: 'a' }]);
    // A token is out: a second try would say it twice.
    expect(server.requests).toHaveLength(1);
  });

  test('silent between two tokens', async () => {
    await using server = await scriptedServer(hangsAfter(sse({ content: 'a' })));
    expect(await codeOf(ask(provider(server.baseUrl, { timeoutMs: 50 })))).toBe('provider_timeout');
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['a page of HTML', '<html><body>Welcome to our proxy</body></html>'],
    ['another protocol', 'data: "hello"\n\ndata: null\n\ndata: {"choices": 5}\n\n'],
    ['nothing', ''],
  ])('status 200 with %s', async (_, body) => {
    await using server = await scriptedServer(streams(body));
    expect(await codeOf(ask(provider(server.baseUrl)))).toBe('provider_bad_response');
  });

  test('an error event within the stream keeps the provider’s words', async () => {
    const event = `data: ${JSON.stringify({ error: { message: 'CUDA out of memory', type: 'server_error' } })}\n\n`;
    await using server = await scriptedServer(streams(sse({ content: 'a' }), event));
    await expect(ask(provider(server.baseUrl))).rejects.toMatchObject({
      code: 'provider_unavailable',
      message: expect.stringContaining('CUDA out of memory'),
    });
  });
});

describe('a cancel', () => {
  test.each([
    ['before the first token', hangsAfter(), 0],
    ['between two tokens', hangsAfter(sse({ content: 'a' })), 1],
  ])('%s ends the HTTP request at once', async (_, reply, tokens) => {
    await using server = await scriptedServer(reply);
    const cancel = new AbortController();
    const events: ProviderEvent[] = [];
    const asked = ask(provider(server.baseUrl), 'x', { signal: cancel.signal }, (event) =>
      events.push(event),
    );
    const settled = expect(asked).rejects.toThrow('cancelled by its owner');
    await vi.waitFor(() => {
      expect(server.requests).toHaveLength(1);
      expect(events).toHaveLength(tokens);
    });
    cancel.abort(new Error('cancelled by its owner'));
    await settled;
    await vi.waitFor(() => expect(server.dropped()).toBe(1));
    expect(server.requests).toHaveLength(1);
  });

  test('ends the wait for a retry', async () => {
    await using server = await scriptedServer(answers(429, 'slow down', { 'retry-after': '20' }));
    const cancel = new AbortController();
    const asked = ask(provider(server.baseUrl), 'x', { signal: cancel.signal });
    const settled = expect(asked).rejects.toThrow('cancelled by its owner');
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    cancel.abort(new Error('cancelled by its owner'));
    await settled;
  });

  test('a reader that stops early ends the HTTP request', async () => {
    await using server = await scriptedServer(hangsAfter(sse({ content: 'a' })));
    const request = {
      messages: [{ role: 'user' as const, content: 'x' }],
      tools: [],
      signal: new AbortController().signal,
      correlationId: 'c',
    };
    for await (const event of provider(server.baseUrl).stream(request)) {
      expect(event).toEqual({ type: 'token', token: 'a' });
      break;
    }
    await vi.waitFor(() => expect(server.dropped()).toBe(1));
  });
});

describe('JSON', () => {
  const json = (from: Provider) =>
    from.completeJson({
      system: 'JSON only.',
      prompt: 'plan',
      schema: { name: 'plan', schema: { type: 'object' } },
      signal: new AbortController().signal,
      correlationId: 'c',
    });
  const ok = streams(sse({ content: '{"a"' }), sse({ content: ':1}' }), sse({}, 'stop'), DONE);
  const formats = (requests: Record<string, unknown>[]) =>
    requests.map((request) => (request.response_format as { type: string } | undefined)?.type ?? null);

  test('is asked for by schema', async () => {
    mock.on({ userMessage: 'plan', responseFormat: 'json_schema' }, { content: '{"a":1}' });
    expect(JSON.parse(await json(mocked()))).toEqual({ a: 1 });
    expect(mock.getLastRequest()?.body).toMatchObject({
      response_format: { type: 'json_schema', json_schema: { name: 'plan', strict: true } },
    });
  });

  test('falls back to JSON mode where the schema is refused, and remembers it', async () => {
    await using server = await scriptedServer(
      answers(400, "response_format 'json_schema' is not supported"),
      ok,
    );
    const { log, lines } = recordingLog();
    const simple = provider(server.baseUrl, { log });
    expect(await json(simple)).toBe('{"a":1}');
    const line = 'this server refuses response_format json_schema';
    expect(lines).toEqual([{ level: 'warn', line, correlation_id: 'c' }]);
    expect(await json(simple)).toBe('{"a":1}');
    expect(formats(server.requests)).toEqual(['json_schema', 'json_object', 'json_object']);
  });

  test('falls back to plain words where JSON mode is refused, too', async () => {
    await using server = await scriptedServer(
      answers(422, 'response_format: extra inputs are not permitted'),
      answers(400, 'json_object is unknown'),
      ok,
    );
    expect(await json(provider(server.baseUrl))).toBe('{"a":1}');
    expect(formats(server.requests)).toEqual(['json_schema', 'json_object', null]);
  });

  test('does not fall back where something else is wrong', async () => {
    await using server = await scriptedServer(answers(404, 'The model does not exist'));
    expect(await codeOf(json(provider(server.baseUrl)))).toBe('provider_rejected');
    expect(server.requests).toHaveLength(1);
  });

  test('is tried again after an answer that broke off', async () => {
    await using server = await scriptedServer(resetsAfter(sse({ content: '{"a"' })), ok);
    expect(await json(provider(server.baseUrl))).toBe('{"a":1}');
  });
});
