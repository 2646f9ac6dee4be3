import { expect, test } from 'vitest';
import { formatDuration } from './durations.ts';

test.each([
  [-5, '0 ms'],
  [0, '0 ms'],
  [850, '850 ms'],
  [3200, '3.2 s'],
  [59_940, '59.9 s'],
  [60_000, '1 min'],
  [125_000, '2 min 5 s'],
  [3_780_000, '1 h 3 min'],
  [100 * 3_600_000, '4 d 4 h'],
])('%i ms reads %s', (ms, words) => {
  expect(formatDuration(ms)).toBe(words);
});
