import { expect, test } from 'vitest';
import { parseIsoTime } from './calendar.ts';

test.each([
  ['2026-02-28', '2026-02-28T00:00:00.000Z'],
  ['2024-02-29T12:00Z', '2024-02-29T12:00:00.000Z'],
  ['2026-01-31T23:59:59.5+02:00', '2026-01-31T21:59:59.500Z'],
  ['0004-02-29', '0004-02-29T00:00:00.000Z'],
])('%s is %s', (iso, expected) => {
  expect(new Date(parseIsoTime(iso)).toISOString()).toBe(expected);
});

test.each([
  '2026-02-29',
  '2026-02-30T09:05:03Z',
  '2026-04-31T09:05:03+02:00',
  '2026-04-31T09:05',
  '2026-13-01',
  '2026-00-10',
  '2026-01-31T24:00Z',
  '2026-01-31T25:00Z',
  '2026-01-31T09:60Z',
  'yesterday',
  '',
])('%j is no time', (iso) => {
  expect(parseIsoTime(iso)).toBeNaN();
});
