import { expect, test } from 'vitest';
import { ago, duration } from './format.ts';

test.each([
  [999, '999 ms'],
  [2_400, '2.4 s'],
  [9_949, '9.9 s'],
  [9_960, '10 s'],
  [59_600, '1 min 0 s'],
  [719_600, '12 min 0 s'],
  [7_440_000, '2 h 4 min'],
  [180_000_000, '2 d 2 h'],
])('%i ms are said as %s, and no minute has 60 seconds', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test.each([
  [1_500, 'just now'],
  [8_200, '8 s ago'],
  [59_600, '1 min 0 s ago'],
])('%i ms ago is said as %s', (ms, words) => {
  expect(ago(ms)).toBe(words);
});
