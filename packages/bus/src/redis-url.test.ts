import type { RedisOptions } from 'ioredis';
import { expect, test } from 'vitest';
import { redisAt } from './redis-url.ts';

/** Where a client that is made would go. */
const options = (url: string, password?: string): RedisOptions => {
  const redis = redisAt(url, password)({ lazyConnect: true, connectionName: 'test' });
  redis.disconnect();
  expect(redis.options.connectionName).toBe('test');
  return redis.options;
};

test('a password given apart wins over the one in the address', () => {
  const host = { host: 'host', port: 6380, username: 'user', db: 2 };
  expect(options('redis://user:old@host:6380/2', 'n/e:w%')).toMatchObject({ ...host, password: 'n/e:w%' });
  expect(options('rediss://host', 'new')).toMatchObject({ password: 'new', tls: expect.anything() });
});

test('an address without a password given apart keeps its own', () => {
  expect(options('redis://:secret@host:6380')).toMatchObject({ host: 'host', password: 'secret' });
  expect(options('redis://:secret@host:6380', '')).toMatchObject({ password: 'secret' });
});

test('what is no address of a Redis is refused without being repeated', () => {
  expect(() => redisAt('http://:secret@host')).toThrow(/^REDIS_URL must be an address like/);
  expect(() => redisAt('http://:secret@host')).not.toThrow(/secret/);
  expect(() => redisAt('host:6379')).toThrow(TypeError);
});

test('the address of a Sentinel names the servers to ask, and what the primary is called', () => {
  expect(options('redis-sentinel://a:26380,b,[::1]:26381#mymaster', 'secret')).toMatchObject({
    sentinels: [
      { host: 'a', port: 26_380 },
      { host: 'b', port: 26_379 },
      { host: '::1', port: 26_381 },
    ],
    name: 'mymaster',
    password: 'secret',
  });
  expect(options('rediss-sentinel://a/3#bus')).toMatchObject({
    name: 'bus',
    db: 3,
    tls: {},
    enableTLSForSentinelMode: true,
  });
});

test.each(['redis-sentinel://a:26379', 'redis-sentinel://a:port#x', 'redis-sentinel://#x'])(
  '%s is refused',
  (url) => {
    expect(() => redisAt(url)).toThrow(TypeError);
  },
);
