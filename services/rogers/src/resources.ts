import { MAX_STATS_ROWS, type ResourceDefinition } from '@mad-group/protocol';
import type { GetStatsOptions } from './tools/get-stats.ts';
import type { TrafficStore } from './traffic-store.ts';

/** A resource shows one day; `rogers_get_stats` reads any window. */
const STATS_HOURS = 24;

/** What MCP clients read of the bus by address. */
export function createTrafficResources({
  store,
  clock,
}: GetStatsOptions & { readonly store: Pick<TrafficStore, 'connections'> }): ResourceDefinition[] {
  return [
    {
      uri: 'mad://rogers/connections',
      name: 'connections',
      title: 'Connections',
      description: 'The registry of MADs: who was seen on the bus, and how each is.',
      scope: 'read',
      read: () => ({ connections: store.connections() }),
    },
    {
      uri: 'mad://rogers/stats',
      name: 'stats',
      title: 'Message statistics',
      description: `Messages of the last ${STATS_HOURS} hours by hour, sender and topic pattern.`,
      scope: 'read',
      read: () => ({
        hours: STATS_HOURS,
        stats: store.stats(clock.now(), STATS_HOURS, { limit: MAX_STATS_ROWS }),
      }),
    },
  ];
}
