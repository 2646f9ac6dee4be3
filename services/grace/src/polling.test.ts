import { createMemoryBus } from '@mad-group/bus';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  callersOf,
  connect,
  numbers,
  publish,
  type Reply,
  startBus,
  startGrace,
  type TestClient,
} from './grace.test-support.ts';

/** Publishes `count` messages numbered from `from`; resolves when Grace has seen the last. */
async function fill(bus: Parameters<typeof publish>[0], channel: string, from: number, count: number) {
  for (let n = from; n < from + count; n += 1) await publish(bus, channel, { payload: { n } });
}

/** Polls until `wanted` messages were delivered or dropped. */
async function drain(client: TestClient, input: Reply, wanted: number) {
  let delivered: unknown[] = [];
  let dropped = 0;
  await expect
    .poll(async () => {
      const reply = await client.call('grace_poll_messages', { ...input, wait_ms: 50 });
      delivered = [...delivered, ...numbers(reply.messages)];
      dropped += reply.dropped as number;
      return delivered.length + dropped;
    })
    .toBe(wanted);
  return { delivered, dropped };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('a queue', () => {
  test('keeps the newest 100 and says how many were dropped before them', async () => {
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.*'] });
    await fill(bus, 'mad.topic.a', 0, 250);
    await fill(bus, 'mad.direct.other', 0, 10);
    await vi.waitFor(async () => {
      const { details } = await client.call('mad_get_status');
      expect(details).toMatchObject({ clients: 1 });
    });
    expect(await drain(client, { client_id: 'c' }, 250)).toEqual({
      delivered: range(150, 250),
      dropped: 150,
    });
    expect(await client.call('grace_poll_messages', { client_id: 'c' })).toMatchObject({
      messages: [],
      dropped: 0,
    });
  });

  test('delivered and dropped are all that matched, in order, for any interleaving of messages and polls', async () => {
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    let run = 0;
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 130 }), fc.constant('poll' as const)), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (actions) => {
        run += 1;
        const channel = `mad.topic.run-${run}`;
        const id = `run-${run}`;
        await client.call('grace_subscribe', { client_id: id, topics: [channel, `${channel}*`] });
        let sent = 0;
        let dropped = 0;
        const delivered: unknown[] = [];
        const take = async (): Promise<void> => {
          const reply = await client.call('grace_poll_messages', { client_id: id });
          delivered.push(...numbers(reply.messages));
          dropped += reply.dropped as number;
        };
        for (const action of actions) {
          if (action === 'poll') {
            await take();
          } else {
            await fill(bus, channel, sent, action);
            sent += action;
          }
        }
        const rest = await drain(client, { client_id: id }, sent - delivered.length - dropped);
        delivered.push(...rest.delivered);
        expect(delivered).toEqual([...delivered].sort((a, b) => Number(a) - Number(b)));
        expect(new Set(delivered).size).toBe(delivered.length);
        await client.call('grace_unsubscribe', { client_id: id });
      }),
      { numRuns: 20 },
    );
  });

  test('a large reply is given in parts that a client of 1 MiB frames can read', async () => {
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.*'] });
    for (const n of range(0, 12))
      await publish(bus, 'mad.topic.a', { payload: { n, text: 'x'.repeat(200_000) } });
    const sizes: number[] = [];
    const delivered: unknown[] = [];
    client.socket.on('message', (data) => sizes.push(String(data).length));
    await expect
      .poll(async () => {
        delivered.push(...numbers((await client.call('grace_poll_messages', { client_id: 'c' })).messages));
        return delivered;
      })
      .toEqual(range(0, 12));
    expect(Math.max(...sizes)).toBeLessThan(1024 * 1024);
  });
});

describe('polling by position', () => {
  test('loses nothing, honours the limit, and moves past what others were sent', async () => {
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    const { position } = await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    for (const n of range(0, 700)) {
      await publish(bus, 'mad.topic.a', { payload: { n } });
      await publish(bus, 'mad.topic.b', { payload: { n } });
    }
    let after = position;
    const delivered: unknown[] = [];
    for (const limit of [1, 100, 1000, 1000]) {
      const reply = await client.call('grace_poll_messages', { client_id: 'c', after, limit });
      expect((reply.messages as unknown[]).length).toBeLessThanOrEqual(limit);
      expect(reply.dropped).toBe(0);
      delivered.push(...numbers(reply.messages));
      after = reply.position;
    }
    expect(delivered).toEqual(range(0, 700));
    const last = await bus.readOnce({ from: 'end', patterns: () => [] });
    expect(after).toBe(last.position);
    // The same place again gives the same messages: nothing was taken away.
    const again = await client.call('grace_poll_messages', { client_id: 'c', after: position, limit: 3 });
    expect(numbers(again.messages)).toEqual([0, 1, 2]);
  });

  test('goes on with a queue where the last position was', async () => {
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    const { position } = await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    await fill(bus, 'mad.topic.a', 0, 150);
    const reply = await client.call('grace_poll_messages', { client_id: 'c', after: position, limit: 20 });
    expect(numbers(reply.messages)).toEqual(range(0, 20));
    expect(await drain(client, { client_id: 'c' }, 130)).toEqual({ delivered: range(50, 150), dropped: 30 });
  });

  test('tells of a piece of the log that was trimmed away, with both ends', async () => {
    const bus = await startBus({ maxLength: 50 });
    const client = await connect(await startGrace(bus));
    const { position } = await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    await fill(bus, 'mad.topic.a', 0, 120);
    const first = await client.call('grace_poll_messages', { client_id: 'c', after: position, limit: 10 });
    expect(first.gaps).toEqual([{ reason: 'trimmed', from: position, to: expect.any(String) }]);
    expect(numbers(first.messages)).toEqual(range(70, 80));
    const second = await client.call('grace_poll_messages', { client_id: 'c', after: first.position });
    expect(second).not.toHaveProperty('gaps');
    expect(numbers(second.messages)).toEqual(range(80, 120));
  });

  test('a position of another log gives a gap of unknown size, and what there is', async () => {
    const other = createMemoryBus();
    await other.start();
    const foreign = await publish(other, 'mad.topic.a');
    await other.stop();
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    await fill(bus, 'mad.topic.a', 0, 3);
    const reply = await client.call('grace_poll_messages', { client_id: 'c', after: foreign });
    expect(reply.gaps).toMatchObject([{ reason: 'epoch', from: foreign }]);
    expect(numbers(reply.messages)).toEqual([0, 1, 2]);
  });
});

describe('polling from a time on', () => {
  const iso = (timeMs: number): string => new Date(timeMs).toISOString();

  test('begins at the first message of that time, and goes on by position', async () => {
    let nowMs = Date.parse('2026-01-31T09:00:00Z');
    const bus = await startBus({ clock: { now: () => nowMs } });
    const client = await connect(await startGrace(bus));
    await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    for (const n of range(0, 10)) {
      await publish(bus, 'mad.topic.a', { payload: { n } });
      nowMs += 60_000;
    }
    const since = iso(nowMs - 4 * 60_000);
    const first = await client.call('grace_poll_messages', { client_id: 'c', since, limit: 3 });
    expect(numbers(first.messages)).toEqual([6, 7, 8]);
    expect(first).toMatchObject({ caught_up: false });
    expect(first).not.toHaveProperty('gaps');
    const rest = await client.call('grace_poll_messages', { client_id: 'c', after: first.position });
    expect(numbers(rest.messages)).toEqual([9]);
    expect(rest).toMatchObject({ caught_up: true });
    const all = await client.call('grace_poll_messages', { client_id: 'c', since: iso(0) });
    expect(numbers(all.messages)).toEqual(range(0, 10));
    const none = await client.call('grace_poll_messages', { client_id: 'c', since: iso(nowMs + 1) });
    expect(none).toMatchObject({ messages: [], caught_up: true });
  });

  test('tells where messages of that time are gone, and only then', async () => {
    const bus = await startBus({ maxLength: 50 });
    const client = await connect(await startGrace(bus));
    await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    await fill(bus, 'mad.topic.a', 0, 120);
    const reply = await client.call('grace_poll_messages', { client_id: 'c', since: iso(0), limit: 10 });
    expect(numbers(reply.messages)).toEqual(range(70, 80));
    const [first] = reply.messages as { position: string }[];
    expect(reply.gaps).toEqual([{ reason: 'trimmed', from: null, to: first?.position }]);
    const later = { client_id: 'c', since: iso(Date.now() + 60_000) };
    expect(await client.call('grace_poll_messages', later)).not.toHaveProperty('gaps');
  });

  test('refuses what is no time, and two beginnings, in words', async () => {
    const bus = await startBus();
    const client = await connect(await startGrace(bus));
    const refused = await client.call('grace_poll_messages', { client_id: 'c', since: 'yesterday' });
    expect(refused).toMatchObject({
      code: 'invalid_input',
      message: "'since' must be a time with its zone, as 2026-01-31T09:05:03Z.",
    });
    const two = await client.call('grace_poll_messages', { client_id: 'c', since: iso(0), after: 'e:1-1' });
    expect(two).toMatchObject({
      code: 'invalid_input',
      message: "'after' and 'since' both say where to begin: give one of them.",
    });
  });
});

describe('waiting', () => {
  test.each([{ mode: 'queue' }, { mode: 'position' }])(
    'for a first message, with a $mode',
    async ({ mode }) => {
      const bus = await startBus();
      const grace = await startGrace(bus);
      const client = await connect(grace);
      const { position } = await client.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
      const by = mode === 'position' ? { after: position } : {};
      const empty = await client.call('grace_poll_messages', { client_id: 'c', wait_ms: 20, ...by });
      expect(empty.messages).toEqual([]);
      const waiting = client.call('grace_poll_messages', { client_id: 'c', wait_ms: 30_000, ...by });
      await publish(bus, 'mad.topic.b', { payload: { n: 0 } });
      await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
      expect(numbers((await waiting).messages)).toEqual([1]);
    },
  );

  test('ends when the caller goes away, who takes nothing along', async () => {
    const bus = await startBus();
    const grace = await startGrace(bus, { callers: callersOf() });
    const gone = await connect(grace);
    await gone.call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.a'] });
    void gone.call('grace_poll_messages', { client_id: 'c', wait_ms: 30_000 });
    gone.socket.terminate();
    const client = await connect(grace);
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    expect(await drain(client, { client_id: 'c' }, 1)).toEqual({ delivered: [1], dropped: 0 });
  });
});
