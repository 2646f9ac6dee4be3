import { expect, test } from 'vitest';
import { parseTwoHours } from './two-hours.ts';

const NOW = Date.parse('2026-11-21T14:20:00Z');
const hours = (prompt: string) =>
  parseTwoHours(prompt, NOW)?.map((ms) => new Date(ms).toISOString().slice(5, 16));

test.each([
  ['compare the last hour with the hour before', '11-21T12:00', '11-21T13:00'],
  ['compare the last two hours', '11-21T12:00', '11-21T13:00'],
  ['compare this hour with the previous hour', '11-21T13:00', '11-21T14:00'],
  ['compare this hour with the last one', '11-21T13:00', '11-21T14:00'],
  ['compare 09:00 and 10:00', '11-21T09:00', '11-21T10:00'],
  ['compare 10:00 with 9:00', '11-21T09:00', '11-21T10:00'],
  ['compare 9 am vs 1 pm', '11-21T09:00', '11-21T13:00'],
  ['compare 12 am and 12pm', '11-21T00:00', '11-21T12:00'],
  ['compare 11 pm with 1 am', '11-20T23:00', '11-21T01:00'],
  ['compare hour 8 and 9', '11-21T08:00', '11-21T09:00'],
  ['compare hours 8 and 9', '11-21T08:00', '11-21T09:00'],
  ["compare 8 o'clock with 9 o'clock", '11-21T08:00', '11-21T09:00'],
  ['compare 13:00 today with 13:00 yesterday', '11-20T13:00', '11-21T13:00'],
  ['compare the last hour with the same hour yesterday', '11-20T13:00', '11-21T13:00'],
])('“%s” is %s and %s', (prompt, before, after) => {
  expect(hours(prompt)).toEqual([before, after]);
});

test.each(['compare fiedler and grace', 'compare', 'how many messages'])(
  '“%s” names no two hours',
  (prompt) => {
    expect(hours(prompt)).toBeUndefined();
  },
);
