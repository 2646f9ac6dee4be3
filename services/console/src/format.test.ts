import { expect, test } from 'vitest';
import { ago, duration, rowTime, startOfDay, utc } from './format.ts';

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

test('a row of today has its time, one of before its day, too; and UTC says that it is', () => {
  const noon = new Date(2026, 10, 21, 12, 0, 5, 67).getTime();
  expect(rowTime(noon, startOfDay(noon))).toBe('12:00:05.067');
  expect(rowTime(noon, startOfDay(noon + 86_400_000))).toBe('21 Nov 12:00:05');
  expect(startOfDay(noon)).toBe(new Date(2026, 10, 21).getTime());
  expect(utc(Date.UTC(2026, 10, 21, 20, 4, 5, 123))).toBe('2026-11-21 20:04:05.123 UTC');
});
