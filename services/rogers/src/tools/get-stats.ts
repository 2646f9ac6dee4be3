import {
  type Clock,
  defineTool,
  GetStatsInput,
  GetStatsOutput,
  MAX_STATS_ROWS,
  type ToolDefinition,
} from '@mad-group/protocol';
import type { TrafficStore } from '../traffic-store.ts';
import { keyFromCursor, statCursor } from './stats-cursor.ts';

export interface GetStatsOptions {
  readonly store: Pick<TrafficStore, 'stats'>;
  readonly clock: Clock;
  /** Rows of one reply. Default: {@link MAX_STATS_ROWS}. */
  readonly maxRows?: number;
}

/**
 * `rogers_get_stats`: messages by hour, sender and topic pattern. A reply is bounded: a year of many
 * senders would be tens of megabytes, and nothing else would be served while they are written.
 */
export const createGetStats = ({ store, clock, maxRows = MAX_STATS_ROWS }: GetStatsOptions): ToolDefinition =>
  defineTool({
    name: 'rogers_get_stats',
    title: 'Get message statistics',
    description:
      'How many messages each sender published, by clock hour (UTC) and topic pattern, newest hour first. The hour under way counts as one. ' +
      `A reply holds ${MAX_STATS_ROWS} rows at most; where it is truncated, hand its next_before back as before.`,
    input: GetStatsInput,
    output: GetStatsOutput,
    readOnly: true,
    scope: 'read',
    handle({ hours = 1, before }) {
      const after = before === undefined ? undefined : keyFromCursor(before);
      const rows = store.stats(clock.now(), hours, { limit: maxRows + 1, after });
      const stats = rows.slice(0, maxRows);
      const last = stats.at(-1);
      const more =
        last && rows.length > maxRows ? { truncated: true as const, next_before: statCursor(last) } : {};
      return { status: 'success' as const, stats, ...more };
    },
  });
