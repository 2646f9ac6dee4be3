import { createMemoryBus } from '@mad-group/bus';
import { createEnvelope, directChannel, type Envelope, silentLogger } from '@mad-group/protocol';
import { inSpan, SpanKind, withTracing } from '@mad-group/protocol/tracing';
import { type RecordedSpans, recordSpans } from '@mad-group/protocol/tracing/testing';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startFoundingServer } from '../client/founding-server.test-support.ts';
import { createPlannerClient } from '../client/planner-client.ts';
import { connectTools } from '../client/tool-client.ts';
import type { MadInside } from '../mad-types.ts';
import { openTestSocket, startToy, type Toy } from '../toy-mad.test-support.ts';
import { traceBus } from './traced-bus.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const header = (spanId: string): string => `00-${TRACE_ID}-${spanId}-01`;
const UPGRADE = 'aaaaaaaaaaaaaaaa';
const REQUEST = 'bbbbbbbbbbbbbbbb';

let recorded: RecordedSpans;
let toy: Toy;
const ends: (() => Promise<unknown>)[] = [];
const bus = () => traceBus(createMemoryBus({ log: silentLogger }));
const ownTracing = () => ({ of: () => recorded.tracing, stop: async () => undefined });

beforeEach(async () => {
  recorded = recordSpans();
  toy = await startToy({ tracing: ownTracing() });
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await toy.stop();
  recorded.stop();
});

const spanNamed = async (name: string) => {
  await expect.poll(() => recorded.spans().map((span) => span.name)).toContain(name);
  return recorded.span(name);
};

describe('a call over the WebSocket', () => {
  const echo = { tool_name: 'toy_echo', tool_input: { text: 'hush', correlation_id: 'c-7' } };

  async function call(frame: object, headers: Record<string, string> = {}) {
    const client = await openTestSocket(toy.url, headers);
    ends.push(async () => client.socket.terminate());
    client.send(JSON.stringify(frame));
    await expect.poll(() => client.replies).toMatchObject([{ status: 'success', text: 'hush' }]);
    return client;
  }

  test('is a span that says what was called, by whom, and nothing of what was said', async () => {
    await call(echo);
    const span = await spanNamed('execute_tool toy_echo');
    expect(span).toMatchObject({
      kind: 'SERVER',
      parentId: undefined,
      failed: false,
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'toy_echo',
        'mad.surface': 'websocket',
        'mad.caller': 'local',
        'mad.correlation_id': 'c-7',
      },
    });
    expect(JSON.stringify(span)).not.toContain('hush');
  });

  test('goes on with the trace of the upgrade', async () => {
    await call(echo, { traceparent: header(UPGRADE) });
    expect(await spanNamed('execute_tool toy_echo')).toMatchObject({ traceId: TRACE_ID, parentId: UPGRADE });
  });

  test('goes on with a trace of its own, in a field beside the founding ones', async () => {
    await call({ ...echo, _meta: { traceparent: header(REQUEST) } }, { traceparent: header(UPGRADE) });
    expect(await spanNamed('execute_tool toy_echo')).toMatchObject({ traceId: TRACE_ID, parentId: REQUEST });
  });

  test.each([[7], ['text'], [[]], [{ traceparent: 7 }], [{ traceparent: 'nonsense' }]])(
    'is answered whatever that field holds: %j',
    async (_meta) => {
      await call({ ...echo, _meta });
      expect((await spanNamed('execute_tool toy_echo')).parentId).toBeUndefined();
    },
  );

  test('that is refused says so by its code', async () => {
    const client = await openTestSocket(toy.url);
    ends.push(async () => client.socket.terminate());
    client.call('toy_fail', { kind: 'refusal' });
    client.call('made_up_name', {});
    const refused = await spanNamed('execute_tool toy_fail');
    expect(refused).toMatchObject({ failed: true, attributes: { 'error.type': 'queue_full' } });
    expect(await spanNamed('execute_tool')).toMatchObject({ attributes: { 'error.type': 'unknown_tool' } });
  });

  test('from MAD to MAD is two spans of one trace', async () => {
    await withTracing(recorded.tracing, {}, () =>
      inSpan({ name: 'client', kind: SpanKind.CLIENT, attributes: {} }, async () => {
        const client = await connectTools(toy.url);
        await client.callOrThrow('toy_echo', { text: 'x' });
        await client.close();
      }),
    );
    const client = recorded.span('client');
    expect(recorded.span('execute_tool toy_echo')).toMatchObject({
      traceId: client.traceId,
      parentId: client.spanId,
    });
  });
});

describe('a server of the first implementation', () => {
  const plan = { plan: [{ step_number: 1, title: 'a', description: 'b' }] };

  test('answers a traced request, and is sent nothing new where nothing is traced', async () => {
    const server = await startFoundingServer({ answer: () => ({ status: 'success', result: plan }) });
    ends.push(() => server.stop());
    const planner = createPlannerClient({
      url: server.url,
      token: null,
      timeoutMs: 5_000,
      log: silentLogger,
    });
    const ask = () => planner.plan('bread', { correlationId: 'c-1', signal: new AbortController().signal });
    expect(await ask()).toEqual(plan);
    expect(await withTracing(recorded.tracing, {}, ask)).toEqual(plan);
    const { traceId, spanId } = recorded.span('execute_tool perform_sequential_thinking');
    const request = {
      tool_name: 'perform_sequential_thinking',
      tool_input: { prompt: 'bread', correlation_id: 'c-1' },
    };
    expect(server.requests).toEqual([
      request,
      { ...request, _meta: { traceparent: `00-${traceId}-${spanId}-01` } },
    ]);
  });
});

describe('a call over MCP', () => {
  async function connect(headers: Record<string, string> = {}): Promise<Client> {
    const client = new Client({ name: 'test', version: '0' }, { versionNegotiation: { mode: 'auto' } });
    const url = new URL(toy.mcpUrl);
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    ends.push(() => client.close());
    return client;
  }

  test('goes on with the trace in _meta, and else with that of the HTTP request', async () => {
    const client = await connect({ traceparent: header(UPGRADE) });
    await client.callTool({ name: 'toy_echo', arguments: { text: 'x' } });
    expect(recorded.span('tools/call toy_echo')).toMatchObject({
      kind: 'SERVER',
      traceId: TRACE_ID,
      parentId: UPGRADE,
      attributes: {
        'mcp.method.name': 'tools/call',
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'toy_echo',
        'mad.surface': 'mcp',
      },
    });
    await client.callTool({
      name: 'toy_count',
      arguments: { to: 1 },
      _meta: { traceparent: header(REQUEST), tracestate: 'rojo=1' },
    });
    expect(recorded.span('tools/call toy_count')).toMatchObject({ traceId: TRACE_ID, parentId: REQUEST });
  });

  test('that reads a resource is one, too', async () => {
    const client = await connect({ traceparent: header(UPGRADE) });
    await client.readResource({ uri: 'mad://toy/status' });
    expect(recorded.span('resources/read')).toMatchObject({
      parentId: UPGRADE,
      attributes: { 'mcp.resource.uri': 'mad://toy/status' },
    });
  });
});

describe('a message on the bus', () => {
  test('carries the trace that it is sent in, and its reply goes on with it', async () => {
    const shared = bus();
    await shared.start();
    ends.push(() => shared.stop());
    const member = await startToy({ bus: shared, tracing: ownTracing(), tuning: { secondBeatMs: 60_000 } });
    ends.push(() => member.stop());
    const request = createEnvelope({
      channel: directChannel('toy'),
      senderId: 'someone',
      payload: { tool_name: 'toy_echo', tool_input: { text: 'x' } },
      headers: { tracestate: 'rojo=1', traceparent: header(UPGRADE) },
    });
    const { position: from } = await shared.readOnce({ from: 'end', patterns: () => ['mad.#'] });
    await shared.publish(request);
    const messages: Envelope[] = [];
    const replies = () => messages.filter(({ sender_id }) => sender_id === 'toy');
    await expect
      .poll(async () => {
        const { items } = await shared.readOnce({ from, patterns: () => ['mad.direct.*'] });
        messages.length = 0;
        for (const item of items) if (item.kind === 'message') messages.push(item.envelope);
        return replies();
      })
      .toHaveLength(1);

    const processing = await spanNamed('process mad.direct.{recipient_id}');
    expect(processing).toMatchObject({
      kind: 'CONSUMER',
      traceId: TRACE_ID,
      parentId: UPGRADE,
      attributes: {
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'mad.direct.toy',
        'messaging.message.id': request.message_id,
      },
    });
    expect(recorded.span('execute_tool toy_echo').parentId).toBe(processing.spanId);
    const sending = recorded.span('send mad.direct.{recipient_id}');
    expect(sending).toMatchObject({ kind: 'PRODUCER', parentId: processing.spanId });
    expect(replies()[0]?.headers).toMatchObject({
      traceparent: header(sending.spanId),
      tracestate: 'rojo=1',
      in_reply_to: request.message_id,
    });
  });

  test('that nobody traces is published as it is: a heartbeat makes no span', async () => {
    const shared = bus();
    await shared.start();
    ends.push(() => shared.stop());
    const envelope = createEnvelope({ channel: 'mad.system.heartbeat', senderId: 'toy', payload: {} });
    await shared.publish(envelope);
    const { items } = await shared.readOnce({ from: 'start', patterns: () => ['mad.#'] });
    expect(items).toMatchObject([{ envelope: { message_id: envelope.message_id } }]);
    expect(JSON.stringify(items)).not.toContain('traceparent');
    expect(recorded.spans()).toEqual([]);
  });
});

test('a call over SSH is a span that begins a trace', async () => {
  let inside: MadInside | undefined;
  const administered = await startToy({
    tracing: ownTracing(),
    surfaces: [
      (given) => {
        inside = given;
        return { name: 'ssh', port: 22, whyClosed: '', start: async () => {}, stop: async () => {} };
      },
    ],
  });
  ends.push(() => administered.stop());
  const caller = { name: 'ssh:ada', scopes: new Set(['read'] as const) };
  const toolInput = { text: 'hush' };
  await inside?.callTool({ surface: 'ssh', caller, toolName: 'toy_echo', toolInput, signals: [] });
  expect(await spanNamed('execute_tool toy_echo')).toMatchObject({
    kind: 'SERVER',
    parentId: undefined,
    attributes: { 'network.protocol.name': 'ssh', 'mad.surface': 'ssh', 'mad.caller': 'ssh:ada' },
  });
});
