import type { ImperatorToolContext } from '@mad-group/imperator';
import { LOCAL_CALLER, type Stat, silentLogger } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { lendTrafficTools } from './imperator-tools.ts';
import { createGetConnections } from './tools/get-connections.ts';
import { createGetStats } from './tools/get-stats.ts';

const context: ImperatorToolContext = {
  caller: LOCAL_CALLER,
  correlationId: 'c',
  signal: new AbortController().signal,
  log: silentLogger,
};

function setUp(rows: Stat[]) {
  const asked: number[] = [];
  const store = {
    connections: () => [],
    stats: (_nowMs: number, hours: number) => {
      asked.push(hours);
      return rows;
    },
  };
  const stats = createGetStats({ store, clock: { now: () => 0 } });
  const tools = lendTrafficTools(createGetConnections(store), stats);
  const call = async (name: string, input: Record<string, unknown>) =>
    (await tools.find((tool) => tool.name === name)?.run(input, context)) as Record<string, unknown>;
  return { tools, asked, call };
}

const row = (n: number): Stat => ({
  hour_timestamp: `2025-01-01T${String(n % 24).padStart(2, '0')}:00:00Z`,
  sender_id: n % 2 === 0 ? 'grace' : 'fiedler',
  topic_pattern: 'mad.topic',
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
  const { call } = setUp(Array.from({ length: 1000 }, (_, n) => row(n)));
  const reply = await call('rogers_get_stats', { time_window_hours: 8760 });
  expect(reply.stats).toHaveLength(300);
  expect(reply.rows_left_out).toBe(700);
  expect(reply.totals_of_all_rows).toMatchObject({
    by_sender: [
      { name: 'grace', total: 500 },
      { name: 'fiedler', total: 500 },
    ],
    by_topic_pattern: [{ name: 'mad.topic', total: 1000 }],
  });
});
