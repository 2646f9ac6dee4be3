import { type ImperatorTool, lendTool } from '@mad-group/imperator';
import { type Clock, integer, MAX_STATS_HOURS, MadError, type ToolDefinition } from '@mad-group/protocol';
import { z } from 'zod';
import type { TrafficStore } from './traffic-store.ts';

/** Rows that a model is given; more would fill its window. The rest is summed up. */
const MAX_ROWS = 300;

export interface TrafficSource {
  readonly store: Pick<TrafficStore, 'stats' | 'statTotals'>;
  readonly clock: Clock;
}

const StatsInput = z.object({
  time_window_hours: integer(1, MAX_STATS_HOURS)
    .optional()
    .describe('the last so many hours, this one included; 1 where absent'),
});

/** Rogers' two reading tools, with the names and fields that its IMPERATOR.md speaks of. */
export function lendTrafficTools(
  getConnections: ToolDefinition,
  getStats: ToolDefinition,
  { store, clock }: TrafficSource,
): ImperatorTool[] {
  const stats = lendTool(getStats, {
    description: 'Message counts of the last N hours by hour, sender and topic pattern, newest hour first.',
    input: StatsInput,
    toInput: ({ time_window_hours: hours }) => ({ hours }),
  });
  return [
    lendTool(getConnections),
    { ...stats, run: (input) => readShort(store, clock.now(), hoursOf(input)) },
  ];
}

function hoursOf(input: Record<string, unknown>): number {
  const parsed = StatsInput.safeParse(input);
  if (parsed.success) return parsed.data.time_window_hours ?? 1;
  throw new MadError(
    'invalid_input',
    `'time_window_hours' must be an integer between 1 and ${MAX_STATS_HOURS}.`,
  );
}

/** The newest rows, and the largest totals over all of them, so that what is left out still counts. */
function readShort(store: TrafficSource['store'], nowMs: number, hours: number): object {
  const rows = store.stats(nowMs, hours, { limit: MAX_ROWS + 1 });
  if (rows.length <= MAX_ROWS) return { stats: rows };
  const totals = store.statTotals(nowMs, hours, MAX_ROWS);
  return {
    stats: rows.slice(0, MAX_ROWS),
    rows_left_out: totals.rows - MAX_ROWS,
    totals_of_all_rows: {
      by_sender: totals.bySender,
      by_topic_pattern: totals.byTopicPattern,
      by_hour: totals.byHour,
    },
  };
}
