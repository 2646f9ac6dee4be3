import { once } from 'node:events';
import { createMetrics } from '@mad-group/mad';
import { type ClientConnection, type Position, silentLogger } from '@mad-group/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Gateway } from './gateway.ts';
import { callerOf, connect, publish, type Reply, startBus, startGrace } from './grace.test-support.ts';
import { subscribe } from './subscriptions.ts';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const pushedNumbers = (frames: readonly Reply[]) =>
  frames.map((frame) => (frame.message as { payload: { n: number } }).payload.n);

describe('push over a WebSocket', () => {
  test('messages come as they are published, in order, until the subscription ends', async () => {
    const bus = await startBus();
    const grace = await startGrace(bus);
    const client = await connect(grace);
    await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.*', 'mad.#'], push: true });
    for (const n of range(0, 500)) await publish(bus, 'mad.topic.a', { payload: { n } });
    const topics = () => client.pushed.filter(({ message }) => (message as Reply).channel === 'mad.topic.a');
    await expect.poll(() => pushedNumbers(topics())).toEqual(range(0, 500));
    expect(topics()[0]).toMatchObject({
      type: 'message',
      message: { sender_id: 'tester', position: expect.any(String) },
    });
    expect(await client.call('grace_unsubscribe', { client_id: 'c' })).toEqual({
      status: 'success',
      message: "Unsubscribed client 'c' from 2 topics.",
    });
    const count = client.pushed.length;
    await publish(bus, 'mad.topic.a', { payload: { n: -1 } });
    const other = await connect(grace);
    await other.call('grace_subscribe', { client_id: 'd', topics: ['mad.topic.b'] });
    await publish(bus, 'mad.topic.b');
    await other.call('grace_poll_messages', { client_id: 'd', wait_ms: 1000 });
    expect(client.pushed).toHaveLength(count);
  });

  test('begins behind a position and goes over into what comes, without a hole', async () => {
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    const after = await publish(bus, 'mad.topic.a', { payload: { n: -1 } });
    for (const n of range(0, 1200)) await publish(bus, 'mad.topic.a', { payload: { n } });
    const subscribed = client.call('grace_subscribe', {
      client_id: 'c',
      topics: ['mad.topic.a'],
      push: true,
      after,
    });
    for (const n of range(1200, 2000)) {
      await publish(bus, 'mad.topic.a', { payload: { n } });
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await subscribed).toMatchObject({ status: 'success', position: after });
    await expect.poll(() => client.pushed.length).toBe(2000);
    expect(pushedNumbers(client.pushed)).toEqual(range(0, 2000));
  });

  test('what comes after the connection was lost waits in the queue', async () => {
    const bus = await startBus();
    const grace = await startGrace(bus);
    const lost = await connect(grace);
    await lost.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'], push: true });
    lost.close();
    await once(lost.socket, 'close');
    const client = await connect(grace);
    await client.call('mad_get_status');
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    const polled = await client.call('grace_poll_messages', { client_id: 'c', wait_ms: 1000 });
    expect(polled.messages).toMatchObject([{ payload: { n: 1 } }]);
  });
});

test('a WebSocket that is not read for a while loses only what it is told of', async () => {
  const bus = await startBus();
  const client = await connect(await startGrace(bus));
  await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'], push: true });
  client.socket.pause();
  const count = 400;
  for (const n of range(0, count)) {
    await publish(bus, 'mad.topic.a', { payload: { n, text: 'x'.repeat(100_000) } });
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.resume();
  const droppedOf = () => client.pushed.filter(({ type }) => type === 'dropped');
  const messages = () => client.pushed.filter(({ type }) => type === 'message');
  const dropped = () => droppedOf().reduce((sum, frame) => sum + (frame.count as number), 0);
  await expect.poll(() => messages().length + dropped(), { timeout: 5000 }).toBe(count);
  expect(dropped()).toBeGreaterThan(0);
  const numbers = pushedNumbers(messages());
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(numbers.at(-1)).toBe(count - 1);
});

/** A connection that takes what it is told to take. */
function fakeConnection(id: string) {
  const frames: Reply[] = [];
  const closed: number[] = [];
  const closeListeners: (() => void)[] = [];
  const state = { buffered: 0, closing: false };
  const connection: ClientConnection = {
    id,
    send(frame) {
      if (state.closing) return false;
      frames.push(frame);
      return true;
    },
    sendText: (text) => connection.send(JSON.parse(text)),
    bufferedBytes: () => state.buffered,
    close(code) {
      closed.push(code);
      for (const listener of closeListeners) listener();
    },
    onClose: (listener) => closeListeners.push(listener),
  };
  return { connection, frames, closed, state, closeListeners };
}

async function startGateway() {
  const bus = await startBus();
  const gateway = new Gateway({
    bus,
    log: silentLogger,
    metrics: createMetrics({ processMetrics: false }),
    instanceId: 'one',
    idleMs: 60_000,
    maxClients: 100,
    pushLimits: { pauseBytes: 1000, closeBytes: 8000, stuckMs: 50 },
  });
  await gateway.start();
  onTestFinished(() => gateway.stop());
  const signal = new AbortController().signal;
  const push = (clientId: string, connection: ClientConnection) =>
    subscribe(gateway, {
      clientId,
      topics: ['mad.topic.a'],
      caller: callerOf('alice'),
      signal,
      push: connection,
    });
  return { bus, gateway, push };
}

describe('a slow reader', () => {
  test('has its messages queued, is told what was dropped, and goes on when it reads', async () => {
    const { bus, gateway, push } = await startGateway();
    const slow = fakeConnection('slow');
    const quick = fakeConnection('quick');
    await push('slow', slow.connection);
    await push('quick', quick.connection);
    slow.state.buffered = 5000;
    for (const n of range(0, 130)) await publish(bus, 'mad.topic.a', { payload: { n } });
    await expect.poll(() => quick.frames.length).toBe(130);
    expect(slow.frames).toEqual([]);
    expect([...gateway.clients.all()].map(({ queue }) => queue.length)).toEqual([100, 0]);
    slow.state.buffered = 0;
    await expect.poll(() => slow.frames.length).toBe(101);
    expect(slow.frames[0]).toEqual({ type: 'dropped', count: 30 });
    expect(pushedNumbers(slow.frames.slice(1))).toEqual(range(30, 130));
    expect(slow.closed).toEqual([]);
  });

  test('that reads nothing at all is closed with 1013, and its client goes on with a queue', async () => {
    const { bus, gateway, push } = await startGateway();
    const stuck = fakeConnection('stuck');
    await push('stuck', stuck.connection);
    stuck.state.buffered = 9000;
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    await expect.poll(() => stuck.closed).toEqual([1013]);
    const [client] = gateway.clients.all();
    expect(client?.push).toBeNull();
    expect(client?.queue.length).toBe(1);
  });

  test('that takes nothing is closed with 1013 once what came for it passes the limit, dropped or not', async () => {
    const { bus, gateway, push } = await startGateway();
    const stuck = fakeConnection('stuck');
    const slow = fakeConnection('slow');
    await push('stuck', stuck.connection);
    await push('slow', slow.connection);
    stuck.state.buffered = 5000;
    slow.state.buffered = 5000;
    for (let n = 0; stuck.closed.length === 0; n += 1) {
      await publish(bus, 'mad.topic.a', { payload: { n, text: 'x'.repeat(100) } });
      await new Promise((resolve) => setTimeout(resolve, 2));
      // This one reads, if only a little.
      slow.state.buffered -= 1;
    }
    expect(stuck.closed).toEqual([1013]);
    expect(stuck.frames).toEqual([]);
    expect(slow.closed).toEqual([]);
    expect(gateway.clients.all().next().value?.push).toBeNull();
  });

  test('whose connection is closing keeps what waits, with every count and gap, for its next one', async () => {
    const { bus, gateway, push } = await startGateway();
    const lost = fakeConnection('lost');
    const quick = fakeConnection('quick');
    await push('c', lost.connection);
    await push('quick', quick.connection);
    lost.state.buffered = 5000;
    const [client] = gateway.clients.all();
    for (const n of range(0, 130)) await publish(bus, 'mad.topic.a', { payload: { n } });
    await expect.poll(() => quick.frames.length).toBe(130);
    const gap = { reason: 'trimmed' as const, from: 'e:1-0' as Position, to: 'e:2-0' as Position };
    client?.addGap(gap);
    lost.state.closing = true;
    lost.state.buffered = 0;
    const tries = vi.spyOn(lost.connection, 'send');
    await expect.poll(() => tries.mock.calls.length).toBeGreaterThan(2);
    await publish(bus, 'mad.topic.a', { payload: { n: 130 } });
    await expect.poll(() => client?.queue.dropped).toBe(31);
    for (const listener of lost.closeListeners) listener();

    const next = fakeConnection('next');
    await push('c', next.connection);
    await expect.poll(() => next.frames.length).toBe(102);
    expect(next.frames.slice(0, 2)).toEqual([
      { type: 'gap', ...gap },
      { type: 'dropped', count: 31 },
    ]);
    expect(pushedNumbers(next.frames.slice(2))).toEqual(range(31, 131));
    expect(lost.frames).toEqual([]);
  });

  test('a connection that ends in the middle of a queue has had its first part, the next one gets the rest', async () => {
    const { bus, gateway, push } = await startGateway();
    const lost = fakeConnection('lost');
    const quick = fakeConnection('quick');
    await push('c', lost.connection);
    await push('quick', quick.connection);
    lost.state.buffered = 5000;
    const [client] = gateway.clients.all();
    for (const n of range(0, 4)) await publish(bus, 'mad.topic.a', { payload: { n } });
    await expect.poll(() => quick.frames.length).toBe(4);
    const sendText = lost.connection.sendText;
    vi.spyOn(lost.connection, 'sendText').mockImplementation((text) => {
      const taken = sendText(text);
      lost.state.closing = lost.frames.length === 2;
      return taken;
    });
    lost.state.buffered = 0;
    await expect.poll(() => lost.frames.length).toBe(2);
    expect(client?.queue.length).toBe(2);
    for (const listener of lost.closeListeners) listener();
    const next = fakeConnection('next');
    await push('c', next.connection);
    await expect.poll(() => next.frames.length).toBe(2);
    expect(pushedNumbers([...lost.frames, ...next.frames])).toEqual(range(0, 4));
  });

  test('a frame is made once for all who can send it as it is', async () => {
    const { bus, push } = await startGateway();
    const texts: string[] = [];
    for (const id of ['a', 'b']) {
      const { connection } = fakeConnection(id);
      await push(id, { ...connection, sendText: (text) => texts.push(text) > 0 });
    }
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    await expect.poll(() => texts.length).toBe(2);
    expect(texts[0]).toBe(texts[1]);
    expect(JSON.parse(texts[0] as string)).toMatchObject({ type: 'message', message: { payload: { n: 1 } } });
  });

  test('a connection is listened to once, however often it subscribes', async () => {
    const { push } = await startGateway();
    const one = fakeConnection('one');
    for (let n = 0; n < 20; n += 1) await push(`client-${n % 3}`, one.connection);
    expect(one.closeListeners).toHaveLength(1);
  });
});
