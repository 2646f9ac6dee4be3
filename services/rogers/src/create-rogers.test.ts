import { createMemoryBus } from '@mad-group/bus';
import { connectTools, createCallers, createMetrics, loadConfig, type PlannerClient } from '@mad-group/mad';
import { createEnvelope, HEARTBEAT_CHANNEL, type Plan, silentLogger } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRogers } from './create-rogers.ts';
import { temporaryFolder } from './testing/test-database.ts';

const PLAN: Plan = { plan: [{ step_number: 1, title: 'Look at the hours', description: 'Compare them.' }] };
const planner: PlannerClient = {
  start: async () => undefined,
  stop: async () => undefined,
  connected: () => true,
  plan: async () => PLAN,
};

/** Rogers on a memory bus, and a WebSocket to it. */
async function setUp() {
  const { log, lines } = recordingLog();
  const bus = createMemoryBus();
  await bus.start();
  const config = loadConfig({ ROGERS_PORT: '0', DATA_DIR: temporaryFolder() });
  const callers = createCallers({ host: config.HOST, auth: config.AUTH, log: silentLogger });
  const metrics = createMetrics({ processMetrics: false });
  const rogers = await createRogers({ config, bus, log, metrics, callers, provider: null, planner });
  onTestFinished(async () => {
    await rogers.stop({ deadlineMs: 500 });
    await bus.stop();
  });
  await rogers.start();
  const client = await connectTools(`ws://127.0.0.1:${rogers.port}`);
  onTestFinished(() => client.close());

  const publish = (senderId: string, channel = 'mad.topic.x', payload: Record<string, unknown> = {}) =>
    bus.publish(createEnvelope({ senderId, channel, payload }));
  return {
    rogers,
    client,
    lines,
    metrics,
    publish,
    beat: (madId: string, health = 'HEALTHY') =>
      publish(madId, HEARTBEAT_CHANNEL, {
        type: 'heartbeat',
        mad_id: madId,
        instance_id: `${madId}-1`,
        version: '1',
        health,
        uptime_s: 1,
      }),
    async connections() {
      const reply = await client.callOrThrow('rogers_get_connections');
      return reply.connections as { mad_id: string; status: string }[];
    },
  };
}

describe('Rogers over WebSocket', () => {
  test('shows who is on the bus, in the words of the first implementation', async () => {
    const { beat, connections } = await setUp();
    await beat('grace');
    await beat('grace');
    await beat('fiedler');
    await expect
      .poll(async () => (await connections()).map((one) => [one.mad_id, one.status]))
      .toEqual([
        ['fiedler', 'CONNECTED'],
        ['grace', 'HEALTHY'],
      ]);
    const [fiedler] = await connections();
    expect(Object.keys(fiedler ?? {})).toEqual(['mad_id', 'status', 'connected_at', 'last_heartbeat']);
    await beat('grace', 'STOPPING');
    await expect.poll(async () => (await connections())[1]?.status).toBe('DISCONNECTED');
  });

  test('counts messages by hour, sender and topic pattern, its own too', async () => {
    const { client, publish, metrics } = await setUp();
    await publish('fiedler');
    await publish('fiedler');
    await publish('fiedler', 'mad.direct.grace');
    const own = async (sender: string) => {
      const { stats } = await client.callOrThrow('rogers_get_stats', { hours: '2' });
      return (stats as Record<string, unknown>[])
        .filter((row) => row.sender_id === sender)
        .map(({ topic_pattern, total_messages }) => [topic_pattern, total_messages]);
    };
    await expect
      .poll(() => own('fiedler'))
      .toEqual([
        ['mad.direct', 1],
        ['mad.topic', 2],
      ]);
    await expect.poll(() => own('rogers')).toEqual([['mad.system', 1]]);
    expect(await metrics.registry.metrics()).toContain(
      'mad_bus_messages_total{sender_id="fiedler",topic_pattern="mad.topic"} 2',
    );
  });

  test.each([
    ['rogers_get_stats', { hours: 'many' }, "'hours' must be an integer."],
    ['rogers_get_stats', { hours: 1.5 }, "'hours' must be an integer."],
    ['rogers_get_stats', { hours: 0 }, "'hours' must be between 1 and 8760."],
    ['rogers_get_stats', { hours: -5 }, "'hours' must be between 1 and 8760."],
    ['rogers_get_stats', { hours: 1e9 }, "'hours' must be between 1 and 8760."],
    ['rogers_get_task_status', { task_id: 'X' }, "Task 'X' not found."],
    ['rogers_converse', { prompt: 'hi' }, "'prompt' and 'requester_id' are required."],
    ['rogers_nothing', {}, 'Unknown tool: rogers_nothing'],
  ])('%s %j says: %s', async (tool, input, message) => {
    const { client } = await setUp();
    expect(await client.call(tool, input)).toMatchObject({ status: 'error', message });
  });

  test('answers a question from the state, without a model', async () => {
    const { client, beat, connections } = await setUp();
    await beat('grace');
    await beat('grace');
    await expect.poll(connections).toHaveLength(1);
    const reply = await client.callOrThrow('rogers_ask', { prompt: 'Is everything up?' });
    expect(reply.response).toContain('grace: HEALTHY');
    expect(reply.response).toContain('No model is configured');
  });

  test('sends what its phrases name to Sequential Thinking first', async () => {
    const { client } = await setUp();
    const reply = await client.callOrThrow('rogers_ask', { prompt: 'Find anomalies in traffic patterns' });
    expect(reply.response).toContain('Look at the hours');
  });

  test('tells what it sees in the log', async () => {
    const { lines, publish } = await setUp();
    for (let n = 0; n < 5; n += 1) await publish('fiedler', 'mad.direct.grace');
    const line = '[Metrics] Received message from sender: fiedler on channel: mad.direct.grace';
    await expect.poll(() => lines.filter(({ message }) => message === line)).toHaveLength(1);
    expect(lines.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^Initialized SQLite state database at .*rogers_state\.db$/),
    );
  });
});

test('a process that stands still for 5 s disconnects nobody', async () => {
  const { beat, connections, lines } = await setUp();
  await beat('grace');
  await beat('grace');
  await expect.poll(async () => (await connections())[0]?.status).toBe('HEALTHY');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000);
  await beat('fiedler');
  await expect.poll(connections).toHaveLength(2);
  expect((await connections())[1]?.status).toBe('HEALTHY');
  expect(lines.filter(({ message }) => /STALE|DISCONNECTED/.test(message))).toEqual([]);
});

test('over MCP its state is there as resources, and its phrases as prompts', async () => {
  const { rogers, publish, client } = await setUp();
  await publish('fiedler');
  await expect
    .poll(async () => (await client.callOrThrow('rogers_get_stats')).stats)
    .toContainEqual(expect.objectContaining({ sender_id: 'fiedler', total_messages: 1 }));
  const mcp = new Client({ name: 'test', version: '1' });
  await mcp.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${rogers.port}/mcp`)));
  onTestFinished(() => mcp.close());

  const read = async (uri: string): Promise<Record<string, unknown[]>> => {
    const { contents } = await mcp.readResource({ uri });
    return JSON.parse((contents[0] as { text: string }).text);
  };
  expect((await read('mad://rogers/connections')).connections).toContainEqual(
    expect.objectContaining({ mad_id: 'fiedler', status: 'CONNECTED' }),
  );
  expect((await read('mad://rogers/stats')).stats).toContainEqual(
    expect.objectContaining({ sender_id: 'fiedler', topic_pattern: 'mad.topic', total_messages: 1 }),
  );
  const { prompts } = await mcp.listPrompts();
  expect(prompts.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'find_anomalies',
      'correlate_connections_with_volume',
      'predict_load',
      'diagnose_problem',
    ]),
  );
});
