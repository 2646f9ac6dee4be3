import type { Bus } from '@mad-group/bus';
import { createMetrics } from '@mad-group/mad';
import { type Position, silentLogger } from '@mad-group/protocol';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Gateway } from './gateway.ts';
import { callerOf, numbers, publish, startBus } from './grace.test-support.ts';
import { pollByPosition } from './polling.ts';
import { subscribe } from './subscriptions.ts';

const never = new AbortController().signal;

/** A gateway on a bus whose single reads take so long and give so few entries. */
async function setUp({ readMs, maxBatch = 500 }: { readMs: number; maxBatch?: number }) {
  const bus = await startBus();
  const reads = { now: 0, most: 0, all: 0 };
  const slow: Bus = {
    ...bus,
    async readOnce(options) {
      reads.now += 1;
      reads.all += 1;
      reads.most = Math.max(reads.most, reads.now);
      try {
        await new Promise((resolve) => setTimeout(resolve, options.from === 'end' ? 0 : readMs));
        return await bus.readOnce({ ...options, maxBatch });
      } finally {
        reads.now -= 1;
      }
    },
  };
  const gateway = new Gateway({
    bus: slow,
    log: silentLogger,
    metrics: createMetrics({ processMetrics: false }),
    instanceId: 'one',
    idleMs: 600_000,
    maxClients: 100,
  });
  await gateway.start();
  onTestFinished(() => gateway.stop());
  const join = async (clientId: string) => {
    const caller = callerOf('alice');
    const joined = subscribe(gateway, { clientId, topics: ['mad.topic.a'], caller, signal: never });
    await vi.advanceTimersByTimeAsync(10);
    const client = [...gateway.clients.all()].find(({ id }) => id === clientId);
    if (!client) throw new Error('not subscribed');
    return { client, position: (await joined) as Position };
  };
  return { bus, gateway, reads, join };
}

/** Turns the clock until the work ends; in milliseconds of that clock, with what came of it. */
async function timed<T>(work: Promise<T>) {
  const startedMs = performance.now();
  const ended = vi.fn();
  work.then(ended, ended);
  while (ended.mock.calls.length === 0) await vi.advanceTimersByTimeAsync(100);
  return { result: await work, tookMs: performance.now() - startedMs };
}

describe('a poll by position over a slow bus', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  test('answers with how far it came, and does not sleep beside what is unread', async () => {
    const { bus, gateway, join } = await setUp({ readMs: 1000, maxBatch: 10 });
    const { client, position } = await join('c');
    for (let n = 0; n < 100; n += 1) await publish(bus, 'mad.topic.b', { payload: { n } });
    await publish(bus, 'mad.topic.a', { payload: { n: 100 } });
    const poll = (after: Position) =>
      timed(pollByPosition(gateway, client, { after, limit: 10, waitMs: 20_000, signal: never }));
    const first = await poll(position);
    expect(first.result.messages).toEqual([]);
    expect(first.tookMs).toBeLessThan(7000);
    expect(first.result.position).not.toBe(position);
    const second = await poll(first.result.position as Position);
    expect(numbers(second.result.messages)).toEqual([100]);
  });

  test('waits no longer than it was asked to, and the time of a read', async () => {
    const { bus, gateway, join } = await setUp({ readMs: 1000, maxBatch: 10 });
    const { client, position } = await join('c');
    const polling = timed(
      pollByPosition(gateway, client, { after: position, limit: 10, waitMs: 20_000, signal: never }),
    );
    // It is asleep, and is woken by a message that another took away again: there is much to read.
    await vi.advanceTimersByTimeAsync(18_000);
    for (let n = 0; n < 200; n += 1) await publish(bus, 'mad.topic.b', { payload: { n } });
    client.wake();
    expect((await polling).tookMs).toBeLessThan(22_000);
  });

  test('takes its turn, so that the connection that publishes is not flooded', async () => {
    const { bus, gateway, reads, join } = await setUp({ readMs: 100 });
    const joined = [];
    for (let n = 0; n < 20; n += 1) joined.push(await join(`c${n}`));
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    const polls = joined.map(({ client, position }) =>
      pollByPosition(gateway, client, { after: position, limit: 10, waitMs: 0, signal: never }),
    );
    const { result } = await timed(Promise.all(polls));
    for (const { messages } of result) expect(numbers(messages)).toEqual([1]);
    expect(reads.most).toBeLessThanOrEqual(4);
  });

  test('leaves its turn to others when its caller goes, and is told where none comes', async () => {
    const { gateway, reads, join } = await setUp({ readMs: 60_000 });
    const joined = [];
    for (let n = 0; n < 6; n += 1) joined.push(await join(`c${n}`));
    const before = reads.all;
    const gone = new AbortController();
    const [, , , , left, late] = joined.map(({ client, position }, n) => {
      const signal = n === 4 ? gone.signal : never;
      return pollByPosition(gateway, client, { after: position, limit: 10, waitMs: 0, signal });
    });
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    const refused = expect(late).rejects.toMatchObject({ code: 'bus_unavailable', retryAfterMs: 1000 });
    await vi.advanceTimersByTimeAsync(5000);
    await refused;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(reads.all - before).toBe(4);
  });
});
