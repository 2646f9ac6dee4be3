import { getEventListeners } from 'node:events';
import { type Caller, defineTool, LOCAL_CALLER, type Scope } from '@mad-group/protocol';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createDispatcher, type ToolCall } from './dispatch.ts';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { countTool, echoTool, failTool } from './toy-mad.test-support.ts';

function harness() {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const metrics = createMetrics({ processMetrics: false });
  const seen = vi.fn();
  const contextTool = defineTool({
    name: 'toy_context',
    title: 'Context',
    description: 'Shows what a handler is given.',
    input: z.object({}),
    output: z.object({ status: z.literal('success') }),
    readOnly: true,
    scope: 'read',
    handle(input, context) {
      seen(input, context);
      context.log.info({}, 'from the handler');
      return { status: 'success' as const };
    },
  });
  const dispatcher = createDispatcher({
    madId: 'toy',
    tools: [echoTool, countTool, failTool, contextTool],
    log: createLog({ name: 'toy', level: 'debug', pretty: false, destination }),
    metrics,
  });
  const call = (toolName: unknown, toolInput?: unknown, rest: Partial<ToolCall> = {}) =>
    dispatcher.call({
      surface: 'websocket',
      caller: LOCAL_CALLER,
      signals: [],
      toolName,
      toolInput,
      ...rest,
    });
  return { call, dispatcher, lines, metrics, seen };
}

const caller = (...scopes: Scope[]): Caller => ({ name: 'alice', scopes: new Set(scopes) });

describe('a tool call', () => {
  test.each([undefined, null, 3, '', {}])(
    'with %s as the tool’s name says that one is required',
    async (name) => {
      expect((await harness().call(name)).reply).toMatchObject({
        code: 'invalid_input',
        message: "'tool_name' (string) is required.",
      });
    },
  );

  test('needs the tool’s scope, which admin includes', async () => {
    const { call } = harness();
    expect((await call('toy_count', { to: 1 }, { caller: caller('read', 'publish') })).reply).toEqual({
      status: 'error',
      code: 'forbidden',
      message: "'toy_count' needs the scope 'converse'; 'alice' has: read, publish.",
    });
    expect((await call('toy_count', { to: 1 }, { caller: caller() })).reply.message).toMatch(/has: none\.$/);
    expect((await call('toy_count', { to: 1 }, { caller: caller('admin') })).ok).toBe(true);
  });

  test('learns nothing about the input of a tool that it may not call', async () => {
    const { reply } = await harness().call('toy_count', { to: 'wrong' }, { caller: caller('read') });
    expect(reply).toMatchObject({ code: 'forbidden' });
  });

  test('ends before its handler when its caller is gone', async () => {
    const { call, seen } = harness();
    await call('toy_context', {}, { signals: [AbortSignal.abort()] });
    expect(seen).not.toHaveBeenCalled();
  });
});

describe('the correlation id', () => {
  test('is the one in the input, on every line', async () => {
    const { call, lines, seen } = harness();
    const outcome = await call(
      'toy_context',
      { correlation_id: 'mine' },
      { correlationId: 'of the surface' },
    );
    expect(outcome.correlationId).toBe('mine');
    expect(seen.mock.calls[0]?.[1]).toMatchObject({ correlationId: 'mine' });
    expect(lines.map((line) => [line.msg, line.correlation_id])).toEqual([
      ['from the handler', 'mine'],
      ['Tool call', 'mine'],
    ]);
  });

  test('is the surface’s where the input has none, or a new UUID', async () => {
    const { call } = harness();
    expect(
      (await call('toy_context', { correlation_id: null }, { correlationId: 'of the surface' }))
        .correlationId,
    ).toBe('of the surface');
    for (const input of [undefined, { correlation_id: '' }]) {
      expect((await call('toy_context', input)).correlationId).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test.each([7, 'x'.repeat(129), {}])('%j is refused', async (value) => {
    expect((await harness().call('toy_context', { correlation_id: value })).reply).toMatchObject({
      code: 'invalid_input',
      message: "'correlation_id' must be a string of 1 to 128 characters.",
    });
  });
});

test('calls are counted by tool, surface and outcome, and unknown names make no series', async () => {
  const { call, metrics } = harness();
  await call('toy_echo', { text: 'a' });
  await call('toy_fail', { kind: 'refusal' }, { surface: 'mcp' });
  await call('made-up-1');
  await call('made-up-2');
  const text = await metrics.registry.metrics();
  expect(text).toContain(
    'mad_tool_calls_total{mad="toy",tool="toy_echo",surface="websocket",outcome="ok"} 1',
  );
  expect(text).toContain(
    'mad_tool_calls_total{mad="toy",tool="toy_fail",surface="mcp",outcome="queue_full"} 1',
  );
  expect(text).toContain(
    'mad_tool_calls_total{mad="toy",tool="unknown",surface="websocket",outcome="unknown_tool"} 2',
  );
  expect(text).toContain('mad_tool_call_duration_seconds_count{mad="toy",tool="toy_echo"} 1');
  expect(text).not.toContain('made-up');
});

test('what is read beside tools needs its scope too', async () => {
  const { dispatcher } = harness();
  const call = { signals: [], caller: caller('read') };
  await expect(dispatcher.read('admin', 'mad://toy/secrets', call, () => 'secret')).rejects.toThrow(
    "mad://toy/secrets needs the scope 'admin'; 'alice' has: read.",
  );
  await expect(
    dispatcher.read('read', 'mad://toy/status', call, (context) => context.caller.name),
  ).resolves.toBe('alice');
});

test('a handler’s listeners are not left on the signals of its caller', async () => {
  const { call } = harness();
  const connection = new AbortController();
  for (let number = 0; number < 20; number += 1)
    await call('toy_echo', { text: 'x' }, { signals: [connection.signal] });
  expect(getEventListeners(connection.signal, 'abort')).toHaveLength(0);
});
