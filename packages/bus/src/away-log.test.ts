import { recordingLog } from '@mad-group/protocol/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AwayLog } from './away-log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const refused = new Error('connect ECONNREFUSED 127.0.0.1:6379');
const wrongPassword = new Error('WRONGPASS invalid username-password pair or user is disabled.');

test('an outage is told at once and then every 30 s, not at each attempt', () => {
  const { log, lines } = recordingLog();
  const away = new AwayLog(log);
  for (let second = 0; second < 60; second += 1) {
    away.away(refused);
    vi.advanceTimersByTime(1_000);
  }
  away.end();
  vi.advanceTimersByTime(120_000);
  expect(lines.map(({ message }) => message)).toEqual(
    Array(3).fill('Redis is away: ECONNREFUSED 127.0.0.1:6379. Waiting.'),
  );
});

test('a refused password in an outage is told at once', () => {
  const { log, lines } = recordingLog();
  const away = new AwayLog(log);
  away.away(refused);
  away.away(wrongPassword);
  away.away(wrongPassword);
  away.end();
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'error']);
  expect(lines[1]?.message).toContain('set REDIS_PASSWORD');
});
