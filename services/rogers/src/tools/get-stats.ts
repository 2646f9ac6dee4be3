import {
  type Clock,
  defineTool,
  GetStatsInput,
  GetStatsOutput,
  type ToolDefinition,
} from '@mad-group/protocol';
import type { TrafficStore } from '../traffic-store.ts';

export interface GetStatsOptions {
  readonly store: Pick<TrafficStore, 'stats'>;
  readonly clock: Clock;
}

/** `rogers_get_stats`: messages by hour, sender and topic pattern. */
export const createGetStats = ({ store, clock }: GetStatsOptions): ToolDefinition =>
  defineTool({
    name: 'rogers_get_stats',
    title: 'Get message statistics',
    description:
      'How many messages each sender published, by clock hour (UTC) and topic pattern, newest hour first. The hour under way counts as one.',
    input: GetStatsInput,
    output: GetStatsOutput,
    readOnly: true,
    scope: 'read',
    handle: ({ hours = 1 }) => ({ status: 'success' as const, stats: store.stats(clock.now(), hours) }),
  });
