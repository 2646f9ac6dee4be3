import type { ConnectionStatus, MadRecord } from './registry.ts';

/** MADs in the registry, at most: any client can make up names, and each costs memory and a row. */
export const MAX_MADS = 2000;

/** Who is forgotten first. */
const FORGET_ORDER: readonly ConnectionStatus[] = ['DISCONNECTED', 'STALE', 'CONNECTED', 'HEALTHY'];

/**
 * Ids to forget so that no more than `maxMads` are left. A HEALTHY MAD goes only where all are, and
 * then the one that came last: a flood of new names does not drive out who was there before it.
 */
export function overflow(records: ReadonlyMap<string, MadRecord>, maxMads: number): string[] {
  if (records.size <= maxMads) return [];
  return [...records.values()]
    .sort((a, b) => {
      if (a.status !== b.status) return FORGET_ORDER.indexOf(a.status) - FORGET_ORDER.indexOf(b.status);
      return a.status === 'HEALTHY' ? b.connectedAtMs - a.connectedAtMs : a.lastSeenMs - b.lastSeenMs;
    })
    .slice(0, records.size - maxMads)
    .map(({ madId }) => madId);
}
