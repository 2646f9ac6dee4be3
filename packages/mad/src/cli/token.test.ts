import { expect, test } from 'vitest';
import { serviceTokenFor } from '../callers/service-token.ts';
import { fakeIo } from './fake-io.test-support.ts';
import { findToken } from './token.ts';

const files = { '/home/me/.config/mad/token': 'from-home\n', '/run/secrets/redis': 'hunter2\n' };
const everything = { MAD_TOKEN: 'from-env', HOME: '/home/me', REDIS_PASSWORD: 'hunter2' };

test('the option wins over MAD_TOKEN, that over the file, that over the secret of the group', () => {
  const { MAD_TOKEN: _token, ...noToken } = everything;
  expect(findToken('given', fakeIo({ env: everything, files }))).toBe('given');
  expect(findToken(undefined, fakeIo({ env: everything, files }))).toBe('from-env');
  expect(findToken(undefined, fakeIo({ env: noToken, files }))).toBe('from-home');
  expect(findToken(undefined, fakeIo({ env: noToken }))).toBe(serviceTokenFor('hunter2'));
});

test('the secret may come from a file, and makes the same token', () => {
  const io = fakeIo({ env: { REDIS_PASSWORD_FILE: '/run/secrets/redis' }, files });
  expect(findToken(undefined, io)).toBe(serviceTokenFor('hunter2'));
});

test('with none of them there is no token', () => {
  expect(findToken(undefined, fakeIo())).toBeNull();
  expect(findToken(undefined, fakeIo({ env: { MAD_TOKEN: ' ', HOME: '/home/you' }, files }))).toBeNull();
});
