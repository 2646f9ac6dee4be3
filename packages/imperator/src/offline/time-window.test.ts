import { expect, test } from 'vitest';
import { firstHourMs, parseTimeWindow, utcMinute } from './time-window.ts';

const NOW = Date.parse('2026-11-21T14:20:00Z');

test.each([
  ['how many messages in the last hour', 2, '2026-11-21 13:00 UTC'],
  ['in the last 24 hours', 25, '2026-11-20 14:00 UTC'],
  ['over the past three hours', 4, '2026-11-21 11:00 UTC'],
  ['the previous 2 hrs', 3, '2026-11-21 12:00 UTC'],
  ['in the last couple of hours', 3, '2026-11-21 12:00 UTC'],
  ['stats for 6h', 7, '2026-11-21 08:00 UTC'],
  ['in the last twenty-four hours', 25, '2026-11-20 14:00 UTC'],
  ['in the last 15 minutes', 1, '2026-11-21 14:00 UTC'],
  ['in the last 30 minutes', 2, '2026-11-21 13:00 UTC'],
  ['in the last 90 minutes', 3, '2026-11-21 12:00 UTC'],
  ['in the past day', 25, '2026-11-20 14:00 UTC'],
  ['the last 2 days', 49, '2026-11-19 14:00 UTC'],
  ['last week', 169, '2026-11-14 14:00 UTC'],
  ['today', 15, '2026-11-21 00:00 UTC'],
  ['since midnight', 15, '2026-11-21 00:00 UTC'],
  ['yesterday', 39, '2026-11-20 00:00 UTC'],
  ['the last clock hour', 1, '2026-11-21 14:00 UTC'],
  ['the last 24 clock hours', 24, '2026-11-20 15:00 UTC'],
  ['this hour', 1, '2026-11-21 14:00 UTC'],
  ['in the last 90000 hours', 8760, '2025-11-21 15:00 UTC'],
])('“%s” is %i clock hours, since %s', (prompt, hours, since) => {
  const window = parseTimeWindow(prompt, NOW);
  expect(window?.hours).toBe(hours);
  expect(window && utcMinute(firstHourMs(window, NOW))).toBe(since);
});

test.each(['list the last 5 tasks', 'is everything up?', 'last 0 hours', ''])(
  '“%s” names no window',
  (prompt) => {
    expect(parseTimeWindow(prompt, NOW)).toBeNull();
  },
);

test('a sliding window begins exactly so long ago, yesterday ends at midnight', () => {
  expect(parseTimeWindow('the last 30 minutes', NOW)).toMatchObject({
    name: 'in the last 30 minutes',
    fromMs: NOW - 30 * 60_000,
  });
  expect(parseTimeWindow('yesterday', NOW)).toMatchObject({ toMs: Date.parse('2026-11-21T00:00:00Z') });
});
