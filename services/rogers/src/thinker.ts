import {
  createImperator,
  createOfflineThinker,
  type Provider,
  ROGERS_TRIGGERS,
  rogersRules,
  type TaskFacts,
  taskRules,
} from '@mad-group/imperator';
import type { Clock, Logger, Planner, Thinker, ToolDefinition } from '@mad-group/protocol';
import { lendTrafficTools } from './imperator-tools.ts';
import type { TrafficStore } from './traffic-store.ts';

export interface RogersThinkerOptions {
  /** Text of IMPERATOR.md. */
  readonly contextFile: string;
  readonly provider: Provider | null;
  readonly planner: Planner | null;
  readonly log: Logger;
  readonly clock: Clock;
  readonly store: Pick<TrafficStore, 'connections' | 'stats'>;
  readonly getConnections: ToolDefinition;
  readonly getStats: ToolDefinition;
  readonly tasks: TaskFacts;
}

/** Rogers' Thought Engine: a model with the two reading tools, or rules over the same state. */
export function createRogersThinker(options: RogersThinkerOptions): Thinker {
  const { contextFile, provider, planner, log, clock, store, getConnections, getStats, tasks } = options;
  if (provider) {
    return createImperator({
      contextFile,
      provider,
      planner,
      log,
      clock,
      tools: lendTrafficTools(getConnections, getStats),
      triggers: ROGERS_TRIGGERS,
    });
  }
  const facts = {
    connections: async () => store.connections(),
    stats: async (hours: number) => store.stats(clock.now(), hours),
    clock,
  };
  return createOfflineThinker({
    madId: 'rogers',
    rules: [...rogersRules(facts), ...taskRules(tasks)],
    triggers: ROGERS_TRIGGERS,
    planner,
    log,
  });
}
