import type { ImperatorToolContext } from '@mad-group/imperator';
import { LOCAL_CALLER, type Stat, silentLogger } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { lendTrafficTools } from './imperator-tools.ts';
import { openTestDatabase } from './testing/test-database.ts';
import { createGetConnections } from './tools/get-connections.ts';
import { createGetStats } from './tools/get-stats.ts';
import { createTrafficStore, type TrafficStore } from './traffic-store.ts';

const context: ImperatorToolContext = {
  caller: LOCAL_CALLER,
  correlationId: 'c',
  signal: new AbortController().signal,
  log: silentLogger,
};

function setUp(rows: Stat[]) {
  const asked: number[] = [];
  const database = openTestDatabase().relaxed;
  const add = database.prepare<[Stat]>(`INSERT INTO hourly_metrics
    VALUES (:hour_timestamp, :sender_id, :topic_pattern, :total_messages)`);
  database.transaction(() => {
    for (const one of rows) add.run(one);
  });
  const real = createTrafficStore(database);
  const mostRows = { read: 0 };
  const store: TrafficStore = {
    ...real,
    stats(nowMs, hours, page) {
      asked.push(hours);
      const read = real.stats(nowMs, hours, page);
      mostRows.read = Math.max(mostRows.read, read.length);
      return read;
    },
  };
  const clock = { now: () => Date.UTC(2025, 0, 1, 23, 30) };
  const tools = lendTrafficTools(createGetConnections(store), createGetStats({ store, clock }), {
    store,
    clock,
  });
  const call = async (name: string, input: Record<string, unknown>) =>
    (await tools.find((tool) => tool.name === name)?.run(input, context)) as Record<string, unknown>;
  return { tools, asked, call, mostRows };
}

const row = (n: number): Stat => ({
  hour_timestamp: `2025-01-01T${String(n % 24).padStart(2, '0')}:00:00Z`,
  sender_id: n % 2 === 0 ? 'grace' : 'fiedler',
  topic_pattern: `mad.${Math.floor(n / 24)}`,
  total_messages: 1,
});

test('the model is lent the two tools of its context file, which only read', () => {
  const { tools } = setUp([]);
  expect(tools.map(({ name }) => name)).toEqual(['rogers_get_connections', 'rogers_get_stats']);
  expect(tools.every(({ readOnly }) => readOnly)).toBe(true);
});

test('the window is time_window_hours, 1 where absent, and its bounds are those of the tool', async () => {
  const { call, asked } = setUp([]);
  await call('rogers_get_stats', { time_window_hours: 24 });
  await call('rogers_get_stats', {});
  expect(asked).toEqual([24, 1]);
  await expect(call('rogers_get_stats', { time_window_hours: 0 })).rejects.toMatchObject({
    code: 'invalid_input',
  });
});

test('what does not fit into a model’s window is summed up, and nothing is missing from the sums', async () => {
  const { call, mostRows } = setUp(Array.from({ length: 1000 }, (_, n) => row(n)));
  const reply = await call('rogers_get_stats', { time_window_hours: 8760 });
  expect(reply.stats).toHaveLength(300);
  expect(reply.rows_left_out).toBe(700);
  expect(reply.totals_of_all_rows).toMatchObject({
    by_sender: [
      { name: 'fiedler', total: 500 },
      { name: 'grace', total: 500 },
    ],
    by_topic_pattern: expect.arrayContaining([{ name: 'mad.41', total: 16 }]),
    by_hour: expect.arrayContaining([{ name: '2025-01-01T23:00:00Z', total: 41 }]),
  });
  // All of them, only to be summed up, would hold everything else up.
  expect(mostRows.read).toBeLessThan(400);
});
