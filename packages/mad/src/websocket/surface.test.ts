import { once } from 'node:events';
import { connect } from 'node:net';
import { defineTool } from '@mad-group/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import {
  echoTool,
  failTool,
  hangTool,
  openTestSocket,
  startToy,
  type Toy,
  type ToyOptions,
} from '../toy-mad.test-support.ts';

const started: Toy[] = [];
async function toyMad(options: ToyOptions = {}): Promise<Toy> {
  const toy = await startToy(options);
  started.push(toy);
  return toy;
}
afterEach(async () => {
  for (const toy of started.splice(0)) await toy.stop();
});

describe('the founding protocol', () => {
  test('answers many requests on one connection in their order, whichever is ready first', async () => {
    const client = await openTestSocket((await toyMad()).url);
    client.call('toy_echo', { text: 'slow', delay_ms: 150 });
    for (let number = 0; number < 50; number += 1) client.call('toy_echo', { text: String(number) });
    await vi.waitFor(() => expect(client.replies).toHaveLength(51));
    expect(client.replies.map((reply) => reply.text)).toEqual([
      'slow',
      ...Array.from({ length: 50 }, (_, n) => String(n)),
    ]);
  });

  test('lets a later request end an earlier one that still waits', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tool = (name: string, handle: () => Promise<void> | void) =>
      defineTool({
        name,
        title: name,
        description: name,
        input: z.object({}),
        output: z.object({ status: z.literal('success') }),
        readOnly: true,
        scope: 'read',
        async handle() {
          await handle();
          return { status: 'success' as const };
        },
      });
    const toy = await toyMad({ tools: [tool('toy_ask', () => held), tool('toy_cancel', () => release())] });
    const client = await openTestSocket(toy.url);
    client.call('toy_ask');
    client.call('toy_cancel');
    await vi.waitFor(() => expect(client.replies).toHaveLength(2));
  });

  test.each([
    ['no JSON', '{'],
    ['an array', '[1]'],
    ['a string', '"x"'],
    ['null', 'null'],
    ['an empty frame', ''],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00])],
  ])('says of %s that it is no JSON request, and goes on', async (_what, frame) => {
    const client = await openTestSocket((await toyMad()).url);
    client.send(frame);
    client.call('toy_echo', { text: 'still here' });
    await vi.waitFor(() => expect(client.replies).toHaveLength(2));
    expect(client.replies[0]).toEqual({
      status: 'error',
      message: 'Invalid JSON request.',
      code: 'invalid_json',
    });
    expect(client.replies[1]).toMatchObject({ text: 'still here' });
  });

  test('takes JSON in a binary frame as in a text one', async () => {
    const client = await openTestSocket((await toyMad()).url);
    client.send(Buffer.from(JSON.stringify({ tool_name: 'toy_echo', tool_input: { text: 'bytes' } })));
    await vi.waitFor(() => expect(client.replies[0]).toMatchObject({ status: 'success', text: 'bytes' }));
  });

  test('names an unknown tool, a missing tool name and a missing field', async () => {
    const client = await openTestSocket((await toyMad()).url);
    client.call('nothing');
    client.send('{}');
    client.call('toy_echo');
    client.call('toy_echo', 'text');
    await vi.waitFor(() => expect(client.replies).toHaveLength(4));
    expect(client.replies.map((reply) => reply.message)).toEqual([
      'Unknown tool: nothing',
      "'tool_name' (string) is required.",
      "'text' is required.",
      "'tool_input' must be an object.",
    ]);
  });

  test('shows nothing of a defect and logs its trace under the correlation id', async () => {
    const toy = await toyMad();
    const client = await openTestSocket(toy.url);
    client.call('toy_fail', { kind: 'defect', correlation_id: 'trace-me' });
    client.call('toy_fail', { kind: 'refusal' });
    await vi.waitFor(() => expect(client.replies).toHaveLength(2));
    expect(client.replies[0]).toEqual({
      status: 'error',
      message: 'An internal error occurred.',
      code: 'internal',
    });
    expect(client.replies[1]).toMatchObject({ message: 'Too much waits already.', retry_after_ms: 1500 });
    const line = toy.lines.find(({ level }) => level === 'error');
    expect(line).toMatchObject({
      correlation_id: 'trace-me',
      err: { message: 'secret details of the inside' },
    });
  });
});

describe('hostile clients', () => {
  test('a frame past 1 MiB closes that connection with 1009 and no other', async () => {
    const toy = await toyMad();
    const [bad, good] = [await openTestSocket(toy.url), await openTestSocket(toy.url)];
    bad.send('x'.repeat(1024 * 1024 + 1));
    expect(await bad.closed).toBe(1009);
    good.call('toy_echo', { text: 'fine' });
    await vi.waitFor(() => expect(good.replies[0]).toMatchObject({ text: 'fine' }));
  });

  test('nesting of a hundred thousand levels is refused by a plain error', async () => {
    const client = await openTestSocket((await toyMad()).url);
    const deep = 100_000;
    client.send(`{"tool_name":"toy_echo","tool_input":{"text":${'['.repeat(deep)}${']'.repeat(deep)}}}`);
    client.send(`${'['.repeat(deep)}${']'.repeat(deep)}`);
    await vi.waitFor(() => expect(client.replies).toHaveLength(2));
    expect(client.replies[0]).toMatchObject({
      code: 'invalid_input',
      message: "'tool_input' is nested deeper than 128 levels.",
    });
    expect(client.replies[1]).toMatchObject({ code: 'invalid_json' });
  });

  test('keys that would reach into prototypes change nothing', async () => {
    const client = await openTestSocket((await toyMad()).url);
    client.send('{"__proto__":{"tool_name":"toy_echo"},"constructor":{"prototype":{"polluted":1}}}');
    client.send('{"tool_name":"toy_echo","tool_input":{"text":"a","__proto__":{"polluted":1,"shout":true}}}');
    client.call('__proto__');
    client.call('constructor');
    await vi.waitFor(() => expect(client.replies).toHaveLength(4));
    expect(client.replies[0]).toMatchObject({ code: 'invalid_input' });
    expect(client.replies[1]).toMatchObject({ text: 'a' });
    expect(client.replies[2]).toMatchObject({ message: 'Unknown tool: __proto__' });
    expect(client.replies[3]).toMatchObject({ message: 'Unknown tool: constructor' });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('a half-open connection is ended when no sign of life comes', async () => {
    const toy = await toyMad({ tuning: { webSocket: { keepAliveMs: 50 } } });
    const socket = new WebSocket(toy.url, { autoPong: false });
    const [code] = await once(socket, 'close');
    expect(code).toBe(1006);
    expect(await toy.metrics.registry.metrics()).toContain(
      'mad_websocket_closed_total{mad="toy",reason="keepalive"} 1',
    );
  });

  test('a connection that answers pings stays', async () => {
    const toy = await toyMad({ tuning: { webSocket: { keepAliveMs: 30 } } });
    const client = await openTestSocket(toy.url);
    let pings = 0;
    client.socket.on('ping', () => {
      pings += 1;
    });
    await vi.waitFor(() => expect(pings).toBeGreaterThan(4));
    client.call('toy_echo', { text: 'alive' });
    await vi.waitFor(() => expect(client.replies).toHaveLength(1));
  });

  test('waiting for slow answers is no reason to be ended', async () => {
    const toy = await toyMad({ tuning: { webSocket: { keepAliveMs: 30, maxPending: 2 } } });
    const client = await openTestSocket(toy.url);
    for (let number = 0; number < 6; number += 1)
      client.call('toy_echo', { text: `${number}`, delay_ms: 200 });
    await vi.waitFor(() => expect(client.replies).toHaveLength(6), { timeout: 5000 });
  });

  test('no more than the bound of one client’s requests run at once', async () => {
    let running = 0;
    let most = 0;
    const busy = defineTool({
      name: 'toy_busy',
      title: 'Busy',
      description: 'Counts how many run.',
      input: z.object({}),
      output: z.object({ status: z.literal('success') }),
      readOnly: true,
      scope: 'read',
      async handle() {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return { status: 'success' as const };
      },
    });
    const toy = await toyMad({ tools: [busy], tuning: { webSocket: { maxPending: 4 } } });
    const client = await openTestSocket(toy.url);
    for (let number = 0; number < 100; number += 1) client.call('toy_busy');
    await vi.waitFor(() => expect(client.replies).toHaveLength(100), { timeout: 5000 });
    expect(most).toBe(4);
  });

  test('a client that does not read gets no more answers begun than the bounds allow', async () => {
    let begun = 0;
    const big = defineTool({
      name: 'toy_big',
      title: 'Big',
      description: 'A large reply.',
      input: z.object({}),
      output: z.object({ status: z.literal('success'), text: z.string() }),
      readOnly: true,
      scope: 'read',
      handle() {
        begun += 1;
        return { status: 'success' as const, text: 'x'.repeat(512 * 1024) };
      },
    });
    const toy = await toyMad({ tools: [big, echoTool], tuning: { webSocket: { maxPending: 4 } } });
    const client = await openTestSocket(toy.url);
    client.socket.pause();
    for (let number = 0; number < 200; number += 1) client.call('toy_big');
    const other = await openTestSocket(toy.url);
    let last = -1;
    await vi.waitFor(
      () => {
        const stalled = begun > 0 && begun === last;
        last = begun;
        expect(stalled).toBe(true);
      },
      { interval: 200, timeout: 5000 },
    );
    expect(begun).toBeLessThan(100);
    other.call('toy_echo', { text: 'served' });
    await vi.waitFor(() => expect(other.replies).toHaveLength(1));
    client.socket.resume();
    await vi.waitFor(() => expect(client.replies).toHaveLength(200), { timeout: 20_000 });
  });

  test('pushes to a client that does not read end with 1013', async () => {
    let send: (frame: Record<string, unknown>) => boolean = () => false;
    const subscribe = defineTool({
      name: 'toy_subscribe',
      title: 'Subscribe',
      description: 'Keeps the connection.',
      input: z.object({}),
      output: z.object({ status: z.literal('success') }),
      readOnly: true,
      scope: 'read',
      handle(_input, { connection }) {
        if (connection) send = connection.send;
        return { status: 'success' as const };
      },
    });
    const limits = { maxBufferedBytes: 100_000, closeTimeoutMs: 100 };
    const toy = await toyMad({ tools: [subscribe], tuning: { webSocket: limits } });
    const client = await openTestSocket(toy.url);
    client.call('toy_subscribe');
    await vi.waitFor(() => expect(client.replies).toHaveLength(1));
    client.socket.pause();
    const frame = { type: 'message', message: { text: 'x'.repeat(50_000) } };
    await vi.waitFor(() => expect(send(frame)).toBe(false), { interval: 0, timeout: 5000 });
    const text = await toy.metrics.registry.metrics();
    expect(text).toContain('mad_websocket_closed_total{mad="toy",reason="slow_reader"} 1');
    // Nothing of it is left, even though it never read the close frame.
    await vi.waitFor(async () =>
      expect(await toy.metrics.registry.metrics()).toContain('mad_websocket_connections{mad="toy"} 0'),
    );
    client.socket.terminate();
  });

  test('a client that goes away ends what it waited for', async () => {
    const [aborted, begun] = [vi.fn(), vi.fn()];
    const toy = await toyMad({ tools: [hangTool(aborted, begun)] });
    const client = await openTestSocket(toy.url);
    client.call('toy_hang');
    await vi.waitFor(() => expect(begun).toHaveBeenCalledOnce());
    client.socket.terminate();
    await vi.waitFor(() => expect(aborted).toHaveBeenCalled());
  });

  test('bytes that are no HTTP harm nothing', async () => {
    const toy = await toyMad({ tools: [echoTool, failTool] });
    for (const bytes of [
      '\x16\x03\x01\x02\x00',
      'GET // HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
    ]) {
      const socket = connect(toy.mad.port, '127.0.0.1');
      socket.on('error', () => undefined).resume();
      socket.write(bytes);
      await once(socket, 'close');
    }
    const client = await openTestSocket(toy.url);
    client.call('toy_echo', { text: 'fine' });
    await vi.waitFor(() => expect(client.replies).toHaveLength(1));
  });
});

describe('stopping', () => {
  test('tells those who wait, then closes with 1001', async () => {
    const toy = await toyMad({ tools: [hangTool(() => undefined)] });
    const client = await openTestSocket(toy.url);
    client.call('toy_hang');
    client.call('mad_get_status');
    await vi.waitFor(() => expect(client.socket.bufferedAmount).toBe(0));
    await vi.waitFor(() => expect(toy.lines.some(({ tool }) => tool === 'mad_get_status')).toBe(true));
    await toy.stop();
    expect(await client.closed).toBe(1001);
    expect(client.replies[0]).toMatchObject({ code: 'draining', retry_after_ms: 1000 });
    expect(client.replies[1]).toMatchObject({ status: 'success' });
  });
});
