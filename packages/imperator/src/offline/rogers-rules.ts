import type { Clock, Connection, Stat } from '@mad-group/protocol';
import type { OfflineRule } from './rule.ts';

/** What the rules read of Rogers' state. */
export interface RogersFacts {
  connections(): Promise<readonly Connection[]>;
  /** Totals of the last so many clock hours, this one included. */
  stats(hours: number): Promise<readonly Stat[]>;
  readonly clock: Clock;
}

export function rogersRules(_facts: RogersFacts): OfflineRule[] {
  return [];
}
