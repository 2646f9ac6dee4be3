import { silentLogger } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMetricsRetention } from './retention.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('old hours are deleted at the start and once an hour, until it is stopped', async () => {
  const asked: number[] = [];
  const told: number[] = [];
  const store = { deleteBefore: (timeMs: number) => asked.push(timeMs) };
  const retention = createMetricsRetention({
    store,
    days: 400,
    clock: { now: () => 500 * DAY_MS },
    log: silentLogger,
    onDeleted: (timeMs) => told.push(timeMs),
  });
  await retention.start();
  await retention.start();
  expect(asked).toEqual([100 * DAY_MS]);
  expect(told).toEqual(asked);
  vi.advanceTimersByTime(3 * HOUR_MS);
  expect(asked).toHaveLength(4);
  await retention.stop();
  vi.advanceTimersByTime(3 * HOUR_MS);
  expect(asked).toHaveLength(4);
});

test('a database that refuses does not end the process', async () => {
  const { log, lines } = recordingLog();
  const deleteBefore = (): number => {
    throw new Error('database or disk is full');
  };
  const retention = createMetricsRetention({
    store: { deleteBefore },
    days: 1,
    clock: Date,
    log,
    onDeleted: () => undefined,
  });
  await retention.start();
  await retention.stop();
  expect(lines.map(({ level }) => level)).toEqual(['error']);
});
