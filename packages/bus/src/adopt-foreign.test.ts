import type { Logger } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { adoptForeign } from './adopt-foreign.ts';
import type { LoopbackEar } from './loopback.ts';
import type { Outgoing, Publisher } from './publisher.ts';
import { RedisConnection } from './redis-connection.ts';
import { loadLogScripts } from './redis-scripts.ts';
import { redisAt } from './redis-url.ts';
import { startRedis, type TestRedis } from './testing/redis-server.ts';

let server: TestRedis;
let plain: Redis;
beforeAll(async () => {
  server = await startRedis();
  plain = new Redis(server.url);
});
afterAll(async () => {
  plain.disconnect();
  await server.stop();
});

function adopt(url: string, log: Logger) {
  const outgoing: Outgoing[] = [];
  const publisher = { publish: async (message: Outgoing) => void outgoing.push(message) };
  const loopback: LoopbackEar = {
    key: 'loopback',
    sent: 0,
    taken: 0,
    onTaken: () => () => undefined,
    say: vi.fn(),
    rebuild: () => undefined,
  };
  const part = { away: () => undefined, here: () => undefined, end: () => undefined };
  const connection = new RedisConnection(redisAt(url), 'foreign', loadLogScripts(), () => undefined);
  const asked = vi.spyOn(connection.redis, 'psubscribe');
  const stop = new AbortController();
  const deps = {
    publisher: publisher as unknown as Publisher,
    log,
    loopback,
    part,
    connect: () => connection,
  };
  const done = adoptForeign(deps, stop.signal);
  return {
    outgoing,
    asked,
    listening: () => vi.waitFor(() => expect(loopback.say).toHaveBeenCalled(), 20_000),
    async stop() {
      stop.abort();
      await done;
    },
  };
}

test('what comes without an id is looked for nowhere, and the rest for a few seconds back', async () => {
  const adopting = adopt(server.url, recordingLog().log);
  await adopting.listening();
  await plain.publish('mad.topic.a', 'plain words');
  await plain.publish('mad.topic.a', '{"message_id":"its own","payload":{}}');
  await vi.waitFor(() => expect(adopting.outgoing).toHaveLength(2));
  const [unnamed, named] = adopting.outgoing;
  expect(unnamed?.lookBack).toBe(0);
  expect(named).toMatchObject({ json: expect.stringMatching(/^{"message_id":"its own",/), lookBack: 1_000 });
  expect(Number(named?.lookBackTo?.split('-')[0])).toBeGreaterThan(Date.now() - 60_000);
  await adopting.stop();
});

test('a Redis that lets nobody listen is asked more and more rarely, and told of once', async () => {
  await plain.acl('SETUSER', 'limited', 'on', '>secret', '~*', '+@all', 'resetchannels', '&loopback');
  const { log, lines } = recordingLog();
  const adopting = adopt(`redis://limited:secret@127.0.0.1:${server.port}`, log);
  await vi.waitFor(() => expect(adopting.asked.mock.calls.length).toBeGreaterThan(2), 20_000);
  expect(lines).toMatchObject([{ level: 'warn', message: expect.stringMatching(/^cannot listen/) }]);
  await plain.acl('SETUSER', 'limited', 'allchannels');
  await adopting.listening();
  expect(lines).toHaveLength(1);
  expect(adopting.asked.mock.calls.length).toBeLessThan(8);
  await adopting.stop();
});
