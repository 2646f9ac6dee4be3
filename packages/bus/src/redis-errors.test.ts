import { expect, test } from 'vitest';
import { describeRedisError, isSentinelError } from './redis-errors.ts';

const RETRYING = 'All sentinels are unreachable. Retrying from scratch after 10ms.';

test.each([
  [`${RETRYING} Last error: Connection is closed.`, 'no Sentinel answers'],
  [`${RETRYING} Last error: ERR No such master with that name`, 'no Sentinel knows a primary of that name'],
  [RETRYING, 'no Sentinel knows a primary of that name'],
  [
    `${RETRYING} Last error: NOAUTH Authentication required.`,
    'Sentinel wants a password, and is asked without one',
  ],
])('%s is told of as: %s', (message, words) => {
  expect(isSentinelError(new Error(message))).toBe(true);
  expect(describeRedisError(new Error(message))).toBe(words);
});
