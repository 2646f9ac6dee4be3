import { expect, test } from 'vitest';
import { steppingClock } from './testing/fakes.ts';
import { createThroughput } from './throughput.ts';

test('the wait is the time in which a tenth of the queue runs', () => {
  const clock = steppingClock();
  const throughput = createThroughput(clock);
  for (let n = 0; n < 500; n += 1) {
    throughput.ended();
    clock.advance(20);
  }
  expect(throughput.retryAfterMs(10_000)).toBe(20_000);
  expect(throughput.retryAfterMs(100)).toBe(1_000);
  expect(throughput.retryAfterMs(1_000_000)).toBe(60_000);
});

test('where nothing has ended yet it is a few seconds', () => {
  expect(createThroughput(steppingClock()).retryAfterMs(10)).toBe(5_000);
});
