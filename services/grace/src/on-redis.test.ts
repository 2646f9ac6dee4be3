import { type Bus, createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { silentLogger } from '@mad-group/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect, numbers, publish, startGrace } from './grace.test-support.ts';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('Grace on a real Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  async function startRedisBus(): Promise<Bus> {
    const bus = createBus({ url: redis.url, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
    await bus.start();
    onTestFinished(() => bus.stop());
    await expect.poll(() => bus.status().connected).toBe(true);
    return bus;
  }

  test('a client that another process served is rebuilt from the log, each message counted once', async () => {
    const firstBus = await startRedisBus();
    const first = await startGrace(firstBus);
    const before = await connect(first);
    await before.call('grace_subscribe', { client_id: 'moves', topics: ['mad.topic.moves'] });
    await publish(firstBus, 'mad.topic.moves', { payload: { n: -1 } });
    const polled = await before.call('grace_poll_messages', { client_id: 'moves', wait_ms: 2000 });
    expect(numbers(polled.messages)).toEqual([-1]);
    await first.stop();
    await firstBus.stop();

    const bus = await startRedisBus();
    await Promise.all(range(0, 700).map((n) => publish(bus, 'mad.topic.moves', { payload: { n } })));
    const after = await connect(await startGrace(bus));
    const rebuilt = await after.call('grace_poll_messages', { client_id: 'moves' });
    expect(numbers(rebuilt.messages)).toEqual(range(600, 700));
    expect(rebuilt.dropped).toBe(600);
  });

  test('pushes, polls by position and waits as on the memory bus', async () => {
    const bus = await startRedisBus();
    const client = await connect(await startGrace(bus));
    const topics = ['mad.topic.all.*'];
    const { position } = await client.call('grace_subscribe', { client_id: 'pushed', topics, push: true });
    await client.call('grace_subscribe', { client_id: 'polled', topics });
    await Promise.all(range(0, 300).map((n) => publish(bus, `mad.topic.all.${n}`, { payload: { n } })));
    await expect.poll(() => client.pushed.length).toBe(300);
    expect(numbers(client.pushed.map(({ message }) => message))).toEqual(range(0, 300));
    const all = await client.call('grace_poll_messages', {
      client_id: 'polled',
      after: position,
      limit: 1000,
    });
    expect(numbers(all.messages)).toEqual(range(0, 300));
    const waiting = client.call('grace_poll_messages', {
      client_id: 'polled',
      after: all.position,
      wait_ms: 10_000,
    });
    await publish(bus, 'mad.topic.all.last', { payload: { n: 300 } });
    expect(numbers((await waiting).messages)).toEqual([300]);
  });

  test('while Redis is away callers are told so, what is held here is still given, and after it all goes on', async () => {
    const bus = await startRedisBus();
    const client = await connect(await startGrace(bus));
    await client.call('grace_subscribe', { client_id: 'held', topics: ['mad.topic.held'] });
    await publish(bus, 'mad.topic.held', { payload: { n: 1 } });
    await expect
      .poll(async () => (await client.call('mad_get_status')).bus)
      .toMatchObject({ connected: true });
    await redis.kill('SIGSTOP');
    await redis.kill();
    await expect.poll(() => bus.status().connected).toBe(false);
    const polled = await client.call('grace_poll_messages', { client_id: 'held' });
    expect(polled.status).toBe('success');
    const refused = await client.call('grace_send_message', { channel: 'mad.topic.held', payload: {} });
    expect(refused).toMatchObject({
      status: 'error',
      code: 'bus_unavailable',
      message: expect.stringMatching(/^Failed to publish message: /),
    });
    expect(
      await client.call('grace_subscribe', { client_id: 'new', topics: ['mad.topic.held'] }),
    ).toMatchObject({
      code: 'bus_unavailable',
    });
    // Without its files Redis begins a new log: the gap is told, and what comes after it arrives.
    await redis.restart();
    await expect.poll(() => bus.status().connected, { timeout: 10_000 }).toBe(true);
    await publish(bus, 'mad.topic.held', { payload: { n: 2 } });
    const seen: unknown[] = [];
    const gaps: unknown[] = [];
    await expect
      .poll(
        async () => {
          const reply = await client.call('grace_poll_messages', { client_id: 'held', wait_ms: 200 });
          seen.push(...numbers(reply.messages));
          gaps.push(...((reply.gaps as unknown[]) ?? []));
          return { seen, gaps };
        },
        { timeout: 10_000 },
      )
      .toMatchObject({ seen: expect.arrayContaining([2]), gaps: [{ reason: 'epoch' }] });
  }, 40_000);
});
