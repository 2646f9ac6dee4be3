import { describe, expect, test } from 'vitest';
import { tallyBatch } from './batch-tally.ts';
import { hourTimestamp } from './hours.ts';
import { NO_PROGRESS } from './log-progress.ts';
import { at, said, T0 } from './testing/scripted-bus.ts';
import { openTestDatabase } from './testing/test-database.ts';
import { createTrafficStore } from './traffic-store.ts';

const HOUR_MS = 3_600_000;
const NOW = T0 + 30 * 60_000;

function setUp() {
  const database = openTestDatabase();
  const store = createTrafficStore(database.relaxed);
  const take = (...items: ReturnType<typeof said>[]): void => {
    const tally = tallyBatch({ items }, { connections: new Map(), progress: NO_PROGRESS });
    store.commit(tally, at(0), new Date(NOW));
  };
  return { store, take, database };
}

describe('statistics', () => {
  test('of N hours hold the hour under way and the N-1 before it, newest first', () => {
    const { store, take } = setUp();
    for (let hour = 0; hour < 5; hour += 1) {
      take(
        said(-hour * HOUR_MS, 'grace'),
        said(-hour * HOUR_MS, 'fiedler'),
        said(-hour * HOUR_MS, 'fiedler'),
      );
    }
    const hours = (window: number) => store.stats(NOW, window).map((row) => row.hour_timestamp);
    expect(hours(1)).toEqual([hourTimestamp(T0), hourTimestamp(T0)]);
    expect(new Set(hours(3))).toEqual(new Set([0, 1, 2].map((ago) => hourTimestamp(T0 - ago * HOUR_MS))));
    expect(hours(8760)).toHaveLength(10);
    expect(store.stats(NOW, 2)).toEqual([
      {
        hour_timestamp: '2025-01-01T08:00:00Z',
        sender_id: 'fiedler',
        topic_pattern: 'mad.topic',
        total_messages: 2,
      },
      {
        hour_timestamp: '2025-01-01T08:00:00Z',
        sender_id: 'grace',
        topic_pattern: 'mad.topic',
        total_messages: 1,
      },
      {
        hour_timestamp: '2025-01-01T07:00:00Z',
        sender_id: 'fiedler',
        topic_pattern: 'mad.topic',
        total_messages: 2,
      },
      {
        hour_timestamp: '2025-01-01T07:00:00Z',
        sender_id: 'grace',
        topic_pattern: 'mad.topic',
        total_messages: 1,
      },
    ]);
  });

  test('add up over batches', () => {
    const { store, take } = setUp();
    for (let n = 0; n < 7; n += 1) take(said(n, 'grace'), said(n, 'grace', { channel: 'mad.stream.1' }));
    expect(store.stats(NOW, 1).map((row) => [row.topic_pattern, row.total_messages])).toEqual([
      ['mad.stream', 7],
      ['mad.topic', 7],
    ]);
  });

  test.each(["'; DROP TABLE hourly_metrics; --", "a' OR '1'='1", 'zero\u0000byte', '__proto__', 'naïve 🚀'])(
    'take the sender %j as a name and nothing else',
    (senderId) => {
      const { store, take } = setUp();
      take(said(0, senderId), said(1, 'other'));
      take(said(2, senderId));
      const counts = new Map(store.stats(NOW, 1).map((row) => [row.sender_id, row.total_messages]));
      expect(counts).toEqual(
        new Map([
          [senderId, 2],
          ['other', 1],
        ]),
      );
      expect(store.connections().map((row) => row.mad_id)).toContain(senderId);
    },
  );
});

test('retention deletes whole hours that are past, and who is gone since then', () => {
  const { store, take, database } = setUp();
  take(said(-3 * HOUR_MS, 'gone'), said(-3 * HOUR_MS, 'silent'), said(-HOUR_MS, 'here'));
  database.relaxed.prepare("UPDATE connections SET status = 'DISCONNECTED' WHERE mad_id = 'gone'").run();
  expect(store.deleteBefore(NOW - 2 * HOUR_MS)).toBe(2);
  expect(store.stats(NOW, 10).map((row) => row.sender_id)).toEqual(['here']);
  expect(store.connections().map((row) => row.mad_id)).toEqual(['here', 'silent']);
  expect(store.totals()).toHaveLength(3);
});

test('a store without a position says so', () => {
  expect(setUp().store.load()).toEqual({ position: null, connections: new Map(), progress: NO_PROGRESS });
});
