import { createServer } from 'node:net';
import { MadError } from '@mad-group/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import {
  type FoundingServer,
  type FoundingServerOptions,
  startFoundingServer,
} from './founding-server.test-support.ts';
import { connectTools, type ToolClient } from './tool-client.ts';

const toStop: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

async function serve(options: FoundingServerOptions): Promise<FoundingServer> {
  const server = await startFoundingServer(options);
  toStop.push(() => server.stop());
  return server;
}

async function connect(...[url, options]: Parameters<typeof connectTools>): Promise<ToolClient> {
  const client = await connectTools(url, options);
  toStop.push(() => client.close());
  return client;
}

const echo: FoundingServerOptions = {
  answer: ({ tool_name, tool_input }) => ({ status: 'success', tool_name, ...tool_input }),
};
const hangUp = (socket: WebSocket, code: number, reason?: string): Promise<object> => {
  socket.close(code, reason);
  return new Promise(() => undefined);
};
const errorOf = async (promise: Promise<unknown>): Promise<MadError> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MadError);
  return error as MadError;
};

describe('calls', () => {
  test('a call sends the tool and its input, and gives the reply', async () => {
    const server = await serve(echo);
    const client = await connect(server.url);
    expect(await client.call('grace_send_message', { channel: 'mad.topic.a' })).toEqual({
      status: 'success',
      tool_name: 'grace_send_message',
      channel: 'mad.topic.a',
    });
    expect(server.requests).toEqual([
      { tool_name: 'grace_send_message', tool_input: { channel: 'mad.topic.a' } },
    ]);
  });

  test('every call gets its own reply, however many are in flight and whichever gave up', async () => {
    const server = await serve(echo);
    const client = await connect(server.url);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), async (givesUp) => {
        const calls = givesUp.map((abort, n) => {
          const controller = new AbortController();
          const call = client.call('t', { n }, { signal: controller.signal });
          if (abort) controller.abort(new MadError('timeout', `gave up ${n}`));
          return call;
        });
        const results = await Promise.allSettled(calls);
        for (const [n, result] of results.entries()) {
          if (result.status === 'fulfilled') expect(result.value.n).toBe(n);
          else expect((result.reason as Error).message).toBe(`gave up ${n}`);
          expect(result.status).toBe(givesUp[n] ? 'rejected' : 'fulfilled');
        }
      }),
      { numRuns: 30 },
    );
  });

  test('a refusal is a reply for call, and a MadError with its code for callOrThrow', async () => {
    const refusal = { status: 'error', message: 'Queue full.', code: 'queue_full', retry_after_ms: 1500 };
    const client = await connect((await serve({ answer: () => refusal })).url);
    expect(await client.call('t')).toEqual(refusal);
    const error = await errorOf(client.callOrThrow('t'));
    expect([error.code, error.message, error.retryAfterMs]).toEqual(['queue_full', 'Queue full.', 1500]);
  });

  test('a refusal of a first-generation MAD, without a code, is internal with its words', async () => {
    const client = await connect(
      (await serve({ answer: () => ({ status: 'error', message: 'Unknown tool: x' }) })).url,
    );
    const error = await errorOf(client.callOrThrow('x'));
    expect([error.code, error.message]).toEqual(['internal', 'Unknown tool: x']);
  });

  test('a call that takes too long is a timeout, and the next one still gets its own reply', async () => {
    const late = Promise.withResolvers<object>();
    const server = await serve({
      answer: (request) => (request.tool_name === 'slow' ? late.promise : { status: 'success', quick: true }),
    });
    const client = await connect(server.url);
    const error = await errorOf(client.call('slow', {}, { timeoutMs: 20 }));
    expect([error.code, error.message]).toEqual(['timeout', 'slow did not answer within 0.02 s.']);
    const quick = client.call('quick');
    late.resolve({ status: 'success', slow: true });
    expect(await quick).toEqual({ status: 'success', quick: true });
  });

  test('pushes go to the listeners and answer no call', async () => {
    const server = await serve({
      answer: (_request, socket) => {
        socket.send(JSON.stringify({ type: 'message', message: { message_id: '1' } }));
        return { status: 'success' };
      },
    });
    const client = await connect(server.url);
    const messages: unknown[] = [];
    client.onMessage((message) => messages.push(message));
    expect(await client.call('grace_subscribe')).toEqual({ status: 'success' });
    expect(messages).toEqual([{ message_id: '1' }]);
  });
});

describe('connecting', () => {
  test('the token goes along as a bearer token', async () => {
    const server = await serve(echo);
    await connect(server.url, { token: 'secret-1' });
    await connect(server.url, { token: null });
    expect(server.authorizations).toEqual(['Bearer secret-1', undefined]);
  });

  test.each([
    [401, '{"status":"error","message":"No token."}', 'unauthenticated', 'No token.'],
    [403, 'This Origin may not connect.', 'forbidden', 'This Origin may not connect.'],
    [401, '', 'unauthenticated', 'Unauthorized'],
  ])('a refusal with %i gives the words of the server', async (status, body, code, message) => {
    const server = await serve({ ...echo, refuse: () => ({ status, body }) });
    const error = await errorOf(connectTools(server.url));
    expect([error.code, error.message]).toEqual([code, message]);
  });

  test('another HTTP answer is unreachable and says its status', async () => {
    const server = await serve({ ...echo, refuse: () => ({ status: 502, body: '<html>' }) });
    const error = await errorOf(connectTools(server.url));
    expect(error.code).toBe('unreachable');
    expect(error.message).toBe(`${server.url} answered HTTP 502 in place of a WebSocket: Bad Gateway`);
  });

  test('a port where nothing listens is unreachable', async () => {
    const server = await startFoundingServer(echo);
    await server.stop();
    const error = await errorOf(connectTools(server.url));
    expect(error.code).toBe('unreachable');
    expect(error.message).toBe(`${server.url} cannot be reached: connection refused (is it running?).`);
  });

  test('an address that is none is unreachable', async () => {
    expect((await errorOf(connectTools('not an address'))).code).toBe('unreachable');
  });

  test('a host that takes the connection and says nothing is given up after a while', async () => {
    const mute = createServer((socket) => toStop.push(async () => socket.destroy()));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    toStop.push(() => new Promise((resolve) => mute.close(resolve)));
    const url = `ws://127.0.0.1:${(mute.address() as { port: number }).port}`;
    const error = await errorOf(connectTools(url, { connectTimeoutMs: 30 }));
    expect([error.code, error.message]).toEqual(['unreachable', `${url} did not answer within 0.03 s.`]);
  });
});

describe('the end of a connection', () => {
  test('calls that wait are told when the server hangs up, and onClose once', async () => {
    const server = await serve({
      answer: (_request, socket) => hangUp(socket, 1001, 'stopping'),
    });
    const client = await connect(server.url);
    const reasons: string[] = [];
    client.onClose((reason) => reasons.push(reason.message));
    const error = await errorOf(client.call('t'));
    expect(error.message).toBe(
      `${server.url} closed the connection before it answered: stopping (code 1001).`,
    );
    expect(reasons).toEqual([error.message]);
    expect(client.open).toBe(false);
    expect((await errorOf(client.call('t'))).code).toBe('unreachable');
  });

  test('a frame that was too large for the server says so', async () => {
    const server = await serve({
      answer: (_request, socket) => hangUp(socket, 1009),
    });
    expect((await errorOf((await connect(server.url)).call('t'))).code).toBe('payload_too_large');
  });

  test('an answer that is no JSON ends the connection', async () => {
    const client = await connect((await serve({ answer: () => 'Hello, I am no MAD' })).url);
    const error = await errorOf(client.call('t'));
    expect([error.code, client.open]).toEqual(['unreachable', false]);
  });

  test('a server that went silent is found by its missing pong', async () => {
    const server = await serve({ answer: () => new Promise(() => undefined) });
    const client = await connect(server.url, { pingIntervalMs: 20 });
    server.connections[0]?.pause();
    const error = await errorOf(client.call('t'));
    expect(error.message).toBe(`${server.url} went silent; the connection was given up.`);
  });

  test('close ends calls that wait, and may be called again', async () => {
    const client = await connect((await serve({ answer: () => new Promise(() => undefined) })).url);
    const call = errorOf(client.call('t'));
    await client.close();
    await client.close();
    expect((await call).message).toBe(`The connection to ${client.url} was closed here.`);
  });
});
