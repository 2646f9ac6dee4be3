import { connectionRules } from './connection-rules.ts';
import type { RogersFacts } from './rogers-facts.ts';
import type { OfflineRule } from './rule.ts';
import { trafficRules } from './traffic-rules.ts';

/** What people ask Rogers first: who is up, who is stale, who sends how much, what changed. */
export const rogersRules = (facts: RogersFacts): OfflineRule[] => [
  ...trafficRules(facts),
  ...connectionRules(facts),
];
