import { createMetrics } from '@mad-group/mad';
import { GROUP_MADS } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import type { BatchTally } from './batch-tally.ts';
import { NO_PROGRESS } from './log-progress.ts';
import { MAX_LABELS, OTHER_SENDERS } from './migrations.ts';
import { at } from './testing/scripted-bus.ts';
import { openTestDatabase, temporaryFolder } from './testing/test-database.ts';
import { createTrafficMetrics } from './traffic-metrics.ts';
import { createTrafficStore } from './traffic-store.ts';

/** What one life of Rogers on this folder shows to Prometheus, and what it takes. */
function live(folder: string) {
  const database = openTestDatabase(folder);
  const store = createTrafficStore(database.relaxed);
  const metrics = createMetrics({ processMetrics: false });
  const traffic = createTrafficMetrics(metrics, store);
  traffic.restore();
  let place = 0;
  return {
    database,
    take(senderIds: readonly string[], topicPattern = 'mad.topic') {
      const counts = senderIds.map((senderId) => ({
        hour: '2025-01-01T08:00:00Z',
        senderId,
        topicPattern,
        count: 1,
      }));
      const tally: BatchTally = {
        counts,
        foreign: new Map(),
        gaps: [],
        connections: new Map(),
        progress: NO_PROGRESS,
      };
      place += 1;
      store.commit(tally, at(place), new Date(0));
      traffic.add(tally);
    },
    restore: () => traffic.restore(),
    async counters(): Promise<Map<string, number>> {
      const { values = [] } = (await metrics.registry.getSingleMetric('mad_bus_messages_total')?.get()) ?? {};
      return new Map(
        values.map(({ labels, value }) => [`${labels.sender_id} ${labels.topic_pattern}`, value]),
      );
    },
    stored: () =>
      database.prepare<[], { total: number }>('SELECT sum(message_count) AS total FROM hourly_metrics').get()
        ?.total,
    end: () => database.close(),
  };
}
const sum = (counters: Map<string, number>): number => [...counters.values()].reduce((a, b) => a + b, 0);
const batches = (ids: readonly string[], size = 500): string[][] =>
  Array.from({ length: Math.ceil(ids.length / size) }, (_, n) => ids.slice(n * size, (n + 1) * size));

test('of 10,000 senders 200 have a counter of their own, the same ones through every restart', async () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => `sender-${n}`);
  const folder = temporaryFolder();
  let rogers = live(folder);
  // Three quarters of the way, and again from the first: whoever has a label keeps it.
  const lives = [ids.slice(0, 150), ids.slice(150, 7_500), [...ids.toReversed()], ids];
  let before = new Map<string, number>();
  let said = 0;
  for (const words of lives) {
    for (const batch of batches(words)) rogers.take(batch);
    said += words.length;
    const counters = await rogers.counters();
    expect(sum(counters)).toBe(said);
    expect(rogers.stored()).toBe(said);
    rogers.end();
    rogers = live(folder);
    const restored = await rogers.counters();
    expect(restored).toEqual(counters);
    for (const [series, value] of before) expect(restored.get(series), series).toBeGreaterThanOrEqual(value);
    before = restored;
  }
  const own = ids.slice(0, MAX_LABELS - GROUP_MADS.length);
  expect(new Set(before.keys())).toEqual(new Set([...own, OTHER_SENDERS].map((id) => `${id} mad.topic`)));
  expect(before.get(`${OTHER_SENDERS} mad.topic`)).toBe(said - own.length * 3);
});

test('a flood of names takes no label from the MADs of the group, nor the name of the rest', async () => {
  const rogers = live(temporaryFolder());
  rogers.take([OTHER_SENDERS, ...Array.from({ length: 300 }, (_, n) => `flood-${n}`)]);
  rogers.take(GROUP_MADS, 'mad.system');
  const counters = await rogers.counters();
  for (const mad of GROUP_MADS) expect(counters.get(`${mad} mad.system`)).toBe(1);
  expect(counters.get(`${OTHER_SENDERS} mad.topic`)).toBe(301 - (MAX_LABELS - GROUP_MADS.length));
});

test('a commit that fails gives no labels', async () => {
  const rogers = live(temporaryFolder());
  expect(() => rogers.take(['new', null as never])).toThrow();
  rogers.take(['other-one']);
  expect([...(await rogers.counters()).keys()]).toEqual(['other-one mad.topic']);
});

test('restoring twice counts once', async () => {
  const folder = temporaryFolder();
  const first = live(folder);
  first.take(['a', 'b']);
  first.end();
  const second = live(folder);
  second.restore();
  expect(sum(await second.counters())).toBe(2);
});
