import { silentLogger } from '@mad-group/protocol';
import { expect, test, vi } from 'vitest';
import { LogBounds } from './log-bounds.ts';
import { DEFAULT_LOG_LIMITS } from './log-limits.ts';
import { Publisher } from './publisher.ts';
import type { ConnectionListener, RedisConnection } from './redis-connection.ts';
import { redisKeys } from './redis-keys.ts';

interface Call {
  readonly lookBackToMs: number;
  readonly lookBack: number;
  readonly kinds: string;
  answer(epoch: string, ...places: string[]): void;
}

/** A publisher whose Redis answers when the test says so. */
function openPublisher() {
  const calls: Call[] = [];
  const listeners: ConnectionListener[] = [];
  const redis = {
    script: async () => 'sha',
    memory: async () => null,
    xlen: async () => 0,
    evalsha: (_sha: string, keys: number, ...given: (string | number)[]) => {
      const args = given.slice(keys);
      const reply = Promise.withResolvers<string[]>();
      calls.push({
        lookBackToMs: args[3] === '-' ? 0 : Number(String(args[3]).split('-')[0]),
        lookBack: Number(args[4]),
        kinds: String(args[6]),
        answer: (epoch, ...places) => reply.resolve([epoch, ...places]),
      });
      return reply.promise;
    },
  };
  const connection = {
    ready: true,
    reason: '',
    redis,
    listen: (listener: ConnectionListener) => listeners.push(listener),
    reconnect: () => undefined,
  } as unknown as RedisConnection;
  const keys = redisKeys('{test}:');
  const bounds = new LogBounds(connection, keys.log, DEFAULT_LOG_LIMITS, silentLogger);
  const publisher = new Publisher({ connection, keys, bounds, script: { text: '', sha: '' }, id: 'p' });
  const lose = (): void => {
    for (const { lost } of listeners) lost?.(new Error('lost'));
    for (const { ready } of listeners) ready?.();
  };
  const publish = (more: { lookBack?: number; lookBackTo?: string } = {}) => {
    const published = publisher.publish({
      channel: 'mad.topic.test',
      json: '{}',
      kind: 'message',
      lookBack: 0,
      timeoutMs: 60_000,
      ...more,
    });
    published.catch(() => undefined);
    return published;
  };
  const called = async (count: number): Promise<Call> => {
    await vi.waitFor(() => expect(calls).toHaveLength(count));
    return calls[count - 1] as Call;
  };
  return { publisher, publish, lose, called };
}

test('the first message of a process, in doubt, is looked for among the newest alone', async () => {
  const { publisher, publish, lose, called } = openPublisher();
  void publish();
  expect(await called(1)).toMatchObject({ lookBack: 0, kinds: 'm' });
  const sentMs = Date.now();
  lose();
  const again = await called(2);
  expect(again).toMatchObject({ kinds: 'r' });
  expect(again.lookBackToMs).toBeGreaterThan(sentMs - 70_000);
  expect(again.lookBackToMs).toBeLessThanOrEqual(sentMs);
  publisher.stop();
});

test('what is in doubt is looked for behind what was known when it was first sent', async () => {
  const { publisher, publish, lose, called } = openPublisher();
  const newestMs = Date.now() - 5_000;
  const first = publish();
  (await called(1)).answer('e', `${newestMs}-1`);
  await first;
  void publish();
  await called(2);
  lose();
  lose();
  const again = await called(4);
  expect(again.lookBackToMs).toBe(newestMs - 1_000);
  publisher.stop();
});

test('a retry in doubt is looked for as far back as it was to be, and not further', async () => {
  const { publisher, publish, lose, called } = openPublisher();
  void publish({ lookBack: 500, lookBackTo: '1000-0' });
  expect(await called(1)).toMatchObject({ lookBackToMs: 1_000, lookBack: 500, kinds: 'r' });
  lose();
  expect((await called(2)).lookBackToMs).toBe(1_000);
  publisher.stop();
});

test('a log that begins anew, maybe with another clock, begins what is known anew', async () => {
  const { publisher, publish, lose, called } = openPublisher();
  const aheadMs = Date.now() + 3_600_000;
  const first = publish();
  (await called(1)).answer('old', `${aheadMs}-7`);
  await first;
  const second = publish();
  const newMs = Date.now();
  (await called(2)).answer('new', `${newMs}-1`);
  await second;
  void publish();
  await called(3);
  lose();
  expect((await called(4)).lookBackToMs).toBe(newMs - 1_000);
  publisher.stop();
});
