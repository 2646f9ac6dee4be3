import { type ImperatorTool, lendTool } from '@mad-group/imperator';
import { integer, MAX_STATS_HOURS, type Stat, type ToolDefinition } from '@mad-group/protocol';
import { z } from 'zod';

/** Rows that a model is given; more would fill its window. The rest is summed up. */
const MAX_ROWS = 300;

const StatsInput = z.object({
  time_window_hours: integer(1, MAX_STATS_HOURS)
    .optional()
    .describe('the last so many hours, this one included; 1 where absent'),
});

/** Rogers' two reading tools, with the names and fields that its IMPERATOR.md speaks of. */
export function lendTrafficTools(getConnections: ToolDefinition, getStats: ToolDefinition): ImperatorTool[] {
  const stats = lendTool(getStats, {
    description: 'Message counts of the last N hours by hour, sender and topic pattern, newest hour first.',
    input: StatsInput,
    toInput: ({ time_window_hours: hours }) => ({ hours }),
  });
  return [
    lendTool(getConnections),
    {
      ...stats,
      run: async (input, context) => {
        const reply = (await stats.run(input, context)) as { stats: Stat[] };
        return shorten(reply.stats);
      },
    },
  ];
}

/** The newest rows, and the largest totals over all of them, so that what is left out still counts. */
function shorten(rows: readonly Stat[]): object {
  if (rows.length <= MAX_ROWS) return { stats: rows };
  return {
    stats: rows.slice(0, MAX_ROWS),
    rows_left_out: rows.length - MAX_ROWS,
    totals_of_all_rows: {
      by_sender: totals(rows, (row) => row.sender_id),
      by_topic_pattern: totals(rows, (row) => row.topic_pattern),
      by_hour: totals(rows, (row) => row.hour_timestamp),
    },
  };
}

function totals(rows: readonly Stat[], keyOf: (row: Stat) => string): { name: string; total: number }[] {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(keyOf(row), (sums.get(keyOf(row)) ?? 0) + row.total_messages);
  return [...sums]
    .map(([name, total]) => ({ name, total }))
    .sort((a, b) => b.total - a.total)
    .slice(0, MAX_ROWS);
}
