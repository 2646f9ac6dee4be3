import { createMemoryBus } from '@mad-group/bus';
import { createMetrics } from '@mad-group/mad';
import { type Clock, silentLogger } from '@mad-group/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Gateway } from '../gateway.ts';
import {
  callerOf,
  callersOf,
  connect,
  numbers,
  publish,
  startBus,
  startGrace,
  type TestClient,
} from '../grace.test-support.ts';
import { subscribe } from '../subscriptions.ts';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const signal = new AbortController().signal;

describe('a client outlives its Grace', () => {
  test('a restarted Grace rebuilds the queue from the log and counts what does not fit', async () => {
    const bus = await startBus();
    const first = await startGrace(bus);
    const before = await connect(first);
    await before.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    await publish(bus, 'mad.topic.a', { payload: { n: -1 } });
    const polled = await before.call('grace_poll_messages', { client_id: 'c', wait_ms: 1000 });
    expect(numbers(polled.messages)).toEqual([-1]);
    await first.stop();
    for (const n of range(0, 1300)) {
      await publish(bus, 'mad.topic.a', { payload: { n } });
      await publish(bus, 'mad.topic.b', { payload: { n } });
    }
    const after = await connect(await startGrace(bus));
    const rebuilt = await after.call('grace_poll_messages', { client_id: 'c' });
    expect(numbers(rebuilt.messages)).toEqual(range(1200, 1300));
    expect(rebuilt.dropped).toBe(1200);
    await publish(bus, 'mad.topic.a', { payload: { n: 1300 } });
    const next = await after.call('grace_poll_messages', { client_id: 'c', wait_ms: 1000 });
    expect(numbers(next.messages)).toEqual([1300]);
    expect(next.dropped).toBe(0);
  });

  test('a Grace that was killed hands over again what it had no time to write down, and loses nothing', async () => {
    const bus = await startBus();
    const killed = await connect(await startGrace(bus));
    await killed.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    for (const n of range(0, 20)) await publish(bus, 'mad.topic.a', { payload: { n } });
    const other = await connect(await startGrace(bus));
    const polled = await other.call('grace_poll_messages', { client_id: 'c', wait_ms: 1000 });
    expect(numbers(polled.messages)).toEqual(range(0, 20));
  });

  test('a caller who asks for the client of another at the same moment hinders nobody', async () => {
    const bus = await startBus();
    const callers = callersOf({ alice: ['read'], bob: ['read'] });
    const first = await startGrace(bus, { callers });
    await (await connect(first, 'alice')).call('grace_subscribe', {
      client_id: 'c',
      topics: ['mad.topic.a'],
    });
    await first.stop();
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    const grace = await startGrace(bus, { callers });
    const [bob, alice] = [await connect(grace, 'bob'), await connect(grace, 'alice')];
    const polls = [bob, alice].map((client) => client.call('grace_poll_messages', { client_id: 'c' }));
    const [refused, polled] = await Promise.all(polls);
    expect(refused).toMatchObject({ code: 'not_found' });
    expect(numbers(polled?.messages)).toEqual([1]);
  });

  test('two replicas serve one client in turn, subscriptions included', async () => {
    const bus = await startBus();
    const [one, two] = [await connect(await startGrace(bus)), await connect(await startGrace(bus))];
    await one.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    await two.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.b'] });
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    await publish(bus, 'mad.topic.b', { payload: { n: 2 } });
    const seen = new Set<unknown>();
    await expect
      .poll(async () => {
        const polled = await one.call('grace_poll_messages', { client_id: 'c', wait_ms: 50 });
        for (const n of numbers(polled.messages)) seen.add(n);
        return [...seen];
      })
      .toEqual([1, 2]);
  });

  test('a log that began anew is told of as a gap', async () => {
    const old = createMemoryBus();
    await old.start();
    const first = await startGrace(old);
    const before = await connect(first);
    await before.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    await first.stop();
    const record = await old.kv.get('grace:client:c');
    await old.stop();

    const bus = await startBus();
    await bus.kv.set('grace:client:c', record as string, 60_000);
    const after = await connect(await startGrace(bus));
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    const messages: unknown[] = [];
    const gaps: unknown[] = [];
    await expect
      .poll(async () => {
        const reply = await after.call('grace_poll_messages', { client_id: 'c', wait_ms: 50 });
        messages.push(...numbers(reply.messages));
        gaps.push(...((reply.gaps as unknown[]) ?? []));
        return { messages, gaps };
      })
      .toMatchObject({ messages: [1], gaps: [{ reason: 'epoch' }] });
  });
});

describe('unsubscribing', () => {
  const polledAfter = async (client: TestClient, bus: Parameters<typeof publish>[0]) => {
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    await publish(bus, 'mad.topic.b', { payload: { n: 2 } });
    const polled = await client.call('grace_poll_messages', { client_id: 'c', wait_ms: 200 });
    return numbers(polled.messages);
  };

  test('ends the topics that are named, and goes on with the others', async () => {
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a', 'mad.topic.b'] });
    expect(
      await client.call('grace_unsubscribe', { client_id: 'c', topics: ['mad.topic.a', 'mad.topic.never'] }),
    ).toMatchObject({ message: "Unsubscribed client 'c' from 1 topics." });
    expect(await polledAfter(client, bus)).toEqual([2]);
  });

  test('ends all of them where none is named, and forgets the client everywhere', async () => {
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a', 'mad.topic.b'] });
    await client.call('grace_unsubscribe', { client_id: 'c' });
    expect(await bus.kv.get('grace:client:c')).toBeNull();
    expect(await polledAfter(client, bus)).toEqual([]);
    expect(await client.call('grace_unsubscribe', { client_id: 'c' })).toMatchObject({
      message: "Unsubscribed client 'c' from 0 topics.",
    });
  });
});

describe('bounds', () => {
  async function startGateway(options: { clock: Clock; maxClients?: number }) {
    const bus = await startBus({ clock: options.clock });
    const gateway = new Gateway({
      bus,
      log: silentLogger,
      metrics: createMetrics({ processMetrics: false }),
      instanceId: 'one',
      idleMs: 60_000,
      maxClients: 100,
      ...options,
    });
    await gateway.start();
    onTestFinished(() => gateway.stop());
    const join = (clientId: string, pushTo?: { id: string }) => {
      const connection = {
        send: () => true,
        sendText: () => true,
        bufferedBytes: () => 0,
        close: () => undefined,
        onClose: () => undefined,
      };
      const push = pushTo && { ...connection, ...pushTo };
      return subscribe(gateway, {
        clientId,
        topics: ['mad.topic.a'],
        caller: callerOf('alice'),
        signal,
        push,
      });
    };
    const ids = () => [...gateway.clients.all()].map(({ id }) => id);
    return { bus, gateway, join, ids };
  }

  test('idle clients are forgotten, but not those with an open push connection', async () => {
    let nowMs = 1_000_000;
    const { bus, gateway, join, ids } = await startGateway({ clock: { now: () => nowMs } });
    await join('idle');
    await join('pushed', { id: 'connection' });
    nowMs += 40_000;
    await join('later');
    nowMs += 30_000;
    gateway.clients.sweep();
    expect(ids()).toEqual(['later', 'pushed']);
    nowMs += 10_000;
    expect(await bus.kv.get('grace:client:idle')).toBeNull();
  });

  test('past the limit the client that was unused for longest goes first, and its record with it', async () => {
    const { bus, gateway, join, ids } = await startGateway({ clock: Date, maxClients: 3 });
    for (const id of ['a', 'b', 'c']) await join(id);
    await gateway.clients.find('a', callerOf('alice'));
    await join('d');
    expect(ids()).toEqual(['c', 'a', 'd']);
    await expect.poll(() => bus.kv.get('grace:client:b')).toBeNull();
  });

  test('where all have open push connections, another one is refused in clear words', async () => {
    const { join } = await startGateway({ clock: Date, maxClients: 2 });
    for (const id of ['a', 'b']) await join(id, { id });
    await expect(join('c')).rejects.toMatchObject({
      code: 'too_many_clients',
      message: expect.stringContaining('2 clients'),
    });
  });

  test('a client may have a thousand topics', async () => {
    const client = await connect(await startGrace(await startBus()));
    const topics = range(0, 1001).map((n) => `mad.topic.${n}`);
    const subscribeTo = (some: string[]) => client.call('grace_subscribe', { client_id: 'c', topics: some });
    expect(await subscribeTo(topics.slice(0, 999))).toMatchObject({ status: 'success' });
    expect(await subscribeTo(topics.slice(998, 1000))).toMatchObject({ status: 'success' });
    expect(await subscribeTo(topics.slice(1000))).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('at most 1000 topics'),
    });
    expect(await subscribeTo([`mad.${'x'.repeat(600)}`])).toMatchObject({ code: 'invalid_input' });
  });

  test('and no more where many subscribe at once for a client that is new', async () => {
    const { gateway } = await startGateway({ clock: Date });
    const subscribing = range(0, 5).map((part) =>
      subscribe(gateway, {
        clientId: 'c',
        topics: range(0, 400).map((n) => `mad.topic.${part}.${n}`),
        caller: callerOf('alice'),
        signal,
      }),
    );
    const outcomes = await Promise.allSettled(subscribing);
    expect(outcomes.map(({ status }) => status).sort()).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
    ]);
    expect([...gateway.clients.all()][0]?.patterns.size).toBe(800);
  });
});
