import type { Clock, Connection, Stat } from '@mad-group/protocol';
import { connectionRules } from './connection-rules.ts';
import type { OfflineRule } from './rule.ts';
import { trafficRules } from './traffic-rules.ts';

/** What the rules read of Rogers' state. */
export interface RogersFacts {
  connections(): Promise<readonly Connection[]> | readonly Connection[];
  /** Totals of the last so many clock hours, this one included. */
  stats(hours: number): Promise<readonly Stat[]> | readonly Stat[];
  readonly clock: Clock;
}

/** What people ask Rogers first: who is up, who is stale, who sends how much, what changed. */
export const rogersRules = (facts: RogersFacts): OfflineRule[] => [
  ...trafficRules(facts),
  ...connectionRules(facts),
];
