import { MadError, silentLogger } from '@mad-group/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryAfterMs } from './openai-errors.ts';
import { DEFAULT_RETRY, retryDelayMs, waitForRetry } from './retry.ts';

test('a delay lies between half and all of its backoff, and never below what the provider asks', () => {
  const part = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  fc.assert(
    fc.property(fc.nat(20), part, fc.option(fc.nat(60_000), { nil: undefined }), (retry, random, asked) => {
      const delayMs = retryDelayMs(DEFAULT_RETRY, retry, asked, () => random);
      const backoffMs = Math.min(DEFAULT_RETRY.maxDelayMs, DEFAULT_RETRY.baseDelayMs * 2 ** retry);
      expect(delayMs).toBeGreaterThanOrEqual(Math.max(asked ?? 0, backoffMs / 2));
      expect(delayMs).toBeLessThanOrEqual(Math.max(asked ?? 0, backoffMs));
    }),
  );
});

test('delays double until their limit', () => {
  const delays = [0, 1, 2, 3, 4, 5].map((retry) => retryDelayMs(DEFAULT_RETRY, retry, undefined, () => 1));
  expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
});

test('what is no MadError, or will not go away, is thrown at once', async () => {
  const options = { policy: DEFAULT_RETRY, signal: new AbortController().signal, log: silentLogger };
  for (const error of [
    new Error('a defect'),
    new MadError('provider_auth', 'no'),
    new MadError('provider_rejected', 'no'),
  ]) {
    await expect(waitForRetry(error, 0, options)).rejects.toBe(error);
  }
  const spent = new MadError('provider_timeout', 'late');
  await expect(waitForRetry(spent, DEFAULT_RETRY.maxRetries, options)).rejects.toBe(spent);
});

test.each([
  [{ 'retry-after': '7' }, 7000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': '-3' }, 0],
  [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
  [{ 'retry-after': 'Sat, 21 Nov 2026 14:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Sat, 21 Nov 2026 13:00:00 GMT' }, 0],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
])('%j asks for %s ms', (headers, milliseconds) => {
  expect(retryAfterMs(new Headers(headers), Date.parse('2026-11-21T14:00:00Z'))).toBe(milliseconds);
});
