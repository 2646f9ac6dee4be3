import type { Bus } from '@mad-group/bus';
import { MadError } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { callersOf, connect, numbers, publish, startBus, startGrace } from './grace.test-support.ts';

describe('the founding protocol', () => {
  test('sends, subscribes and polls with the replies of the first implementation', async () => {
    const grace = await startGrace(await startBus());
    const client = await connect(grace);
    expect(
      await client.call('grace_subscribe', { client_id: 'c1', topics: ['mad.topic.news', 'mad.direct.*'] }),
    ).toEqual({
      status: 'success',
      message: "Subscribed client 'c1' to 2 topics.",
      position: expect.any(String),
    });
    const sent = await client.call('grace_send_message', {
      channel: 'mad.topic.news',
      payload: { n: 1 },
      recipient_id: 'r1',
      conversation_id: 'conversation-1',
      correlation_id: 'correlation-1',
    });
    expect(sent).toEqual({ status: 'success', message_id: expect.any(String), position: expect.any(String) });
    const polled = await client.call('grace_poll_messages', { client_id: 'c1', wait_ms: 1000 });
    expect(polled).toEqual({
      status: 'success',
      dropped: 0,
      position: sent.position,
      messages: [
        {
          message_id: sent.message_id,
          conversation_id: 'conversation-1',
          correlation_id: 'correlation-1',
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
          sender_id: 'grace',
          recipient_id: 'r1',
          channel: 'mad.topic.news',
          payload: { n: 1 },
          position: sent.position,
        },
      ],
    });
    expect(await client.call('grace_poll_messages', { client_id: 'c1' })).toMatchObject({ messages: [] });
  });

  test.each([
    ['grace_send_message', {}, "Missing required fields: 'channel', 'payload'"],
    ['grace_send_message', { channel: 'mad.topic.a' }, "Missing required fields: 'channel', 'payload'"],
    ['grace_send_message', { channel: 'mad.topic.a', payload: 'text' }, "'payload' must be an object."],
    ['grace_subscribe', { topics: [] }, "'client_id' (string) and 'topics' (list) are required."],
    [
      'grace_subscribe',
      { client_id: 'c', topics: 'mad.#' },
      "'client_id' (string) and 'topics' (list) are required.",
    ],
    ['grace_subscribe', { client_id: 'c', topics: [1] }, "'topics' must be a list of strings."],
    ['grace_poll_messages', {}, "'client_id' is required."],
    ['grace_unsubscribe', {}, "'client_id' is required."],
    ['nonsense', {}, 'Unknown tool: nonsense'],
  ])('%s %j is refused in the words of the first implementation', async (tool, input, message) => {
    const client = await connect(await startGrace(await startBus()));
    expect(await client.call(tool, input)).toMatchObject({ status: 'error', message });
  });

  test('an empty payload is a payload, and a client that nobody knows has no messages', async () => {
    const client = await connect(await startGrace(await startBus()));
    expect(await client.call('grace_send_message', { channel: 'mad.topic.a', payload: {} })).toMatchObject({
      status: 'success',
    });
    expect(await client.call('grace_poll_messages', { client_id: 'nobody' })).toEqual({
      status: 'success',
      messages: [],
      dropped: 0,
    });
  });
});

describe('sending', () => {
  test('carries the scopes of the caller for the called tool, and hides them from listeners', async () => {
    const bus = await startBus();
    const callers = callersOf({ alice: ['read', 'publish'] });
    const client = await connect(await startGrace(bus, { callers }), 'alice');
    await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.#'] });
    await client.call('grace_send_message', { channel: 'mad.direct.fiedler', payload: {} });
    const { items } = await bus.readOnce({ from: 'start', patterns: () => ['mad.direct.fiedler'] });
    expect(items).toMatchObject([{ envelope: { headers: { caller: 'alice', scopes: 'read publish' } } }]);
    const polled = await client.call('grace_poll_messages', { client_id: 'c', wait_ms: 1000 });
    expect(polled.messages).toHaveLength(1);
    expect(JSON.stringify(polled)).not.toContain('alice');
    expect(JSON.stringify(polled)).not.toContain('read publish');
  });

  test('only an admin speaks on the channels of the group itself', async () => {
    const callers = callersOf({ alice: ['publish'], root: ['admin'] });
    const grace = await startGrace(await startBus(), { callers });
    const alice = await connect(grace, 'alice');
    const root = await connect(grace, 'root');
    for (const channel of ['mad.stream.task-1', 'mad.system.heartbeat']) {
      const refused = await alice.call('grace_send_message', { channel, payload: {} });
      expect(refused).toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining("lacks the scope 'admin'"),
      });
      expect(await root.call('grace_send_message', { channel, payload: {} })).toMatchObject({
        status: 'success',
      });
    }
  });

  test.each(['fiedler', 'mad.', 'mad.topic.*', 'mad.#', 'mad.topic.a b'])(
    '%s is no channel to send on',
    async (channel) => {
      const client = await connect(await startGrace(await startBus()));
      expect(await client.call('grace_send_message', { channel, payload: {} })).toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining('mad.topic.news'),
      });
    },
  );

  test('says why the bus did not take a message, and keeps the code', async () => {
    const bus = await startBus();
    const away: Bus = {
      ...bus,
      publish: async () => {
        throw new MadError('bus_unavailable', 'The bus is away.');
      },
    };
    const client = await connect(await startGrace(away));
    expect(await client.call('grace_send_message', { channel: 'mad.topic.a', payload: {} })).toMatchObject({
      code: 'bus_unavailable',
      message: 'Failed to publish message: The bus is away.',
    });
  });
});

describe('scopes', () => {
  test('reading is not publishing', async () => {
    const callers = callersOf({ reader: ['read'], writer: ['publish'] });
    const grace = await startGrace(await startBus(), { callers });
    const reader = await connect(grace, 'reader');
    const writer = await connect(grace, 'writer');
    expect(await reader.call('grace_send_message', { channel: 'mad.topic.a', payload: {} })).toMatchObject({
      code: 'forbidden',
    });
    for (const tool of ['grace_subscribe', 'grace_poll_messages', 'grace_unsubscribe']) {
      expect(await writer.call(tool, { client_id: 'c', topics: ['mad.#'] })).toMatchObject({
        code: 'forbidden',
      });
    }
  });

  test('a client belongs to the caller that first used its id, or to an admin', async () => {
    const callers = callersOf({ alice: ['read'], bob: ['read'], root: ['admin'] });
    const bus = await startBus();
    const grace = await startGrace(bus, { callers });
    const [alice, bob, root] = await Promise.all(
      ['alice', 'bob', 'root'].map((name) => connect(grace, name)),
    );
    await alice?.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.*'] });
    for (const tool of ['grace_subscribe', 'grace_poll_messages', 'grace_unsubscribe']) {
      const refused = await bob?.call(tool, { client_id: 'c', topics: ['mad.#'] });
      expect(refused).toMatchObject({
        code: 'not_found',
        message: expect.stringContaining("another caller's"),
      });
    }
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    const polled = await root?.call('grace_poll_messages', { client_id: 'c', wait_ms: 1000 });
    expect(numbers(polled?.messages)).toEqual([1]);
  });

  test("a message with an owner reaches that owner's clients and admins only", async () => {
    const callers = callersOf({ alice: ['read'], bob: ['read'], root: ['admin'] });
    const bus = await startBus();
    const grace = await startGrace(bus, { callers });
    const seen: Record<string, unknown[]> = {};
    const names = ['alice', 'bob', 'root'];
    const clients = new Map(
      await Promise.all(names.map(async (name) => [name, await connect(grace, name)] as const)),
    );
    const positions = new Map<string, unknown>();
    for (const [name, client] of clients) {
      const { position } = await client.call('grace_subscribe', { client_id: name, topics: ['mad.#'] });
      positions.set(name, position);
    }
    await publish(bus, 'mad.stream.t1', { payload: { n: 1 }, headers: { owner: 'alice' } });
    await publish(bus, 'mad.topic.a', { payload: { n: 2 } });
    const stream = (messages: unknown) => numbers(messages).filter((n) => n !== undefined);
    for (const [name, client] of clients) {
      await expect
        .poll(async () => {
          const polled = await client.call('grace_poll_messages', { client_id: name, wait_ms: 100 });
          seen[name] = [...(seen[name] ?? []), ...stream(polled.messages)];
          return seen[name].includes(2);
        })
        .toBe(true);
      const after = positions.get(name);
      const again = await client.call('grace_poll_messages', { client_id: name, after });
      expect(stream(again.messages)).toEqual(seen[name]);
    }
    expect(seen).toEqual({ alice: [1, 2], bob: [2], root: [1, 2] });
  });
});
