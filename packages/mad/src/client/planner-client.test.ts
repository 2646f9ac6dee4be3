import { type Logger, MadError, silentLogger } from '@mad-group/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type FoundingServer,
  type FoundingServerOptions,
  startFoundingServer,
} from './founding-server.test-support.ts';
import { createPlannerClient, type PlannerClient, type PlannerClientOptions } from './planner-client.ts';

const toStop: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

const plan = { plan: [{ step_number: 1, title: 'Look', description: 'Look at the logs.' }] };

async function serve(options: Partial<FoundingServerOptions> = {}): Promise<FoundingServer> {
  const server = await startFoundingServer({
    answer: () => ({ status: 'success', result: plan }),
    ...options,
  });
  toStop.push(() => server.stop());
  return server;
}

function planner(url: string, options: Partial<PlannerClientOptions> = {}): PlannerClient {
  const client = createPlannerClient({
    url,
    token: null,
    timeoutMs: 5_000,
    log: silentLogger,
    backoff: { minMs: 1, maxMs: 10 },
    ...options,
  });
  toStop.push(() => client.stop());
  return client;
}

const ask = (client: PlannerClient, prompt = 'plan it', signal = new AbortController().signal) =>
  client.plan(prompt, { correlationId: 'c-1', signal });

function linesOf(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const say = (_facts: object, message: string): void => void lines.push(message);
  const log: Logger = { debug: say, info: say, warn: say, error: say, child: () => log };
  return { log, lines };
}

const CONNECTED = 'Successfully connected to Sequential Thinking MCP server';
const AWAY = 'Sequential Thinking cannot be reached; plans are left out until it can';

describe('plans', () => {
  test('a plan is asked for with its correlation id and the token', async () => {
    const server = await serve();
    expect(await ask(planner(server.url, { token: 'abc' }))).toEqual(plan);
    expect(server.requests).toEqual([
      { tool_name: 'perform_sequential_thinking', tool_input: { prompt: 'plan it', correlation_id: 'c-1' } },
    ]);
    expect(server.authorizations).toEqual(['Bearer abc']);
  });

  test('a server that hangs up after one reply serves one plan after another', async () => {
    const client = planner((await serve({ oneReply: true })).url);
    await client.start();
    expect(await ask(client)).toEqual(plan);
    expect(await ask(client)).toEqual(plan);
  });

  test('plans at once do not wait for one another', async () => {
    const slow = Promise.withResolvers<object>();
    const server = await serve({
      answer: ({ tool_input }) =>
        tool_input.prompt === 'slow' ? slow.promise : { status: 'success', result: plan },
    });
    const client = planner(server.url);
    const first = ask(client, 'slow');
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    expect(await ask(client, 'quick')).toEqual(plan);
    slow.resolve({ status: 'success', result: plan });
    expect(await first).toEqual(plan);
  });

  test('no answer in time is a timeout', async () => {
    const client = planner((await serve({ answer: () => new Promise(() => undefined) })).url, {
      timeoutMs: 30,
    });
    await expect(ask(client)).rejects.toMatchObject({
      code: 'timeout',
      message: 'Sequential Thinking did not answer within 0.03 s.',
    });
  });

  test('an abort ends the call with its reason and closes its connection', async () => {
    const server = await serve({ answer: () => new Promise(() => undefined) });
    const stop = new AbortController();
    const call = ask(planner(server.url), 'x', stop.signal);
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    const reason = new Error('cancelled');
    stop.abort(reason);
    await expect(call).rejects.toBe(reason);
    await vi.waitFor(() => expect(server.connections[0]?.readyState).toBe(3));
  });

  test.each([
    { plan: [] },
    { plan: [{ step_number: 2, title: 'a', description: 'b' }] },
    { plan: [{ step_number: 1, title: ' ', description: 'b' }] },
    {},
  ])('a plan that is not valid is refused: %j', async (result) => {
    const client = planner((await serve({ answer: () => ({ status: 'success', result }) })).url);
    await expect(ask(client)).rejects.toMatchObject({ code: 'invalid_plan' });
  });

  test('a refusal keeps its code and words', async () => {
    const refusal = { status: 'error', code: 'provider_auth', message: 'Wrong key.' };
    const client = planner((await serve({ answer: () => refusal })).url);
    await expect(ask(client)).rejects.toEqual(new MadError('provider_auth', 'Wrong key.'));
  });

  test('nobody there is unreachable', async () => {
    const server = await startFoundingServer({ answer: () => ({}) });
    await server.stop();
    await expect(ask(planner(server.url))).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('the connection that is kept', () => {
  test('it is told of, lost, told once as away, and found again on the same port', async () => {
    const { log, lines } = linesOf();
    const states: boolean[] = [];
    const server = await startFoundingServer({ answer: () => ({}) });
    const client = planner(server.url, { log, onStatus: (connected) => states.push(connected) });
    expect(client.connected()).toBe(false);
    await client.start();
    await client.start();
    expect(client.connected()).toBe(true);
    expect(server.connections).toHaveLength(1);
    await server.stop();
    await vi.waitFor(() => expect(lines).toEqual([CONNECTED, AWAY]));
    expect(client.connected()).toBe(false);

    await serve({ port: Number(new URL(server.url).port) });
    await vi.waitFor(() => expect(client.connected()).toBe(true));
    expect(lines).toEqual([CONNECTED, AWAY, CONNECTED]);
    await client.stop();
    await client.stop();
    expect(client.connected()).toBe(false);
    expect(states).toEqual([true, false, true, false]);
  });

  test('start goes on where nobody is there', async () => {
    const server = await startFoundingServer({ answer: () => ({}) });
    await server.stop();
    const client = planner(server.url);
    await client.start();
    expect(client.connected()).toBe(false);
  });

  test('while it is away it says so every 30 s, however often it tries', async () => {
    const { log, lines } = linesOf();
    let nowMs = 0;
    let tries = 0;
    const server = await serve({
      refuse: () => {
        tries += 1;
        return { status: 401, body: '' };
      },
    });
    const client = planner(server.url, { log, clock: { now: () => nowMs } });
    await client.start();
    await vi.waitFor(() => expect(tries).toBeGreaterThan(3));
    expect(lines).toEqual([AWAY]);
    nowMs = 30_000;
    await vi.waitFor(() => expect(lines).toEqual([AWAY, AWAY]));
  });

  test('a server that went silent is given up and tried again', async () => {
    const server = await serve();
    const client = planner(server.url, { pingIntervalMs: 20 });
    await client.start();
    await vi.waitFor(() => expect(client.connected()).toBe(true));
    server.connections[0]?.pause();
    await vi.waitFor(() => expect(server.connections.length).toBeGreaterThan(1));
  });
});
