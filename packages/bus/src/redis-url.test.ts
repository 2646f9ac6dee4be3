import { expect, test } from 'vitest';
import { redisUrl } from './redis-url.ts';

test('a password given apart wins over the one in the address', () => {
  expect(redisUrl('redis://user:old@host:6380/2', 'n/e:w%')).toBe('redis://user:n%2Fe%3Aw%25@host:6380/2');
  expect(redisUrl('rediss://host', 'new')).toBe('rediss://:new@host');
});

test('an address without a password given apart stays as it is', () => {
  expect(redisUrl('redis://:secret@host:6380')).toBe('redis://:secret@host:6380');
  expect(redisUrl('redis://:secret@host:6380', '')).toBe('redis://:secret@host:6380');
});

test('what is no address of a Redis is refused without being repeated', () => {
  expect(() => redisUrl('http://:secret@host')).toThrow(
    new TypeError('REDIS_URL must be an address like redis://host:6379, or rediss:// for TLS.'),
  );
  expect(() => redisUrl('host:6379')).toThrow(TypeError);
});
