import { type Logger, MadError } from '@mad-group/protocol';
import type { Callers } from '../callers/callers.ts';
import type { Config } from '../config.ts';
import type { MadMetrics } from '../metrics.ts';
import { createPlannerClient, type PlannerClient } from './planner-client.ts';

/** What a MAD's planner is made of; a process has it. */
export interface GroupPlannerParts {
  readonly config: Pick<Config, 'SEQUENTIAL_THINKING_URL' | 'SEQUENTIAL_THINKING_TIMEOUT_MS'>;
  readonly callers: Pick<Callers, 'serviceToken'>;
  readonly log: Logger;
  readonly metrics: MadMetrics;
}

/** The client by which one MAD reaches its group's Sequential Thinking, with its calls counted. */
export function createGroupPlanner(parts: GroupPlannerParts, madId: string): PlannerClient {
  const { config, metrics } = parts;
  const mad = { mad: madId };
  metrics.count('mad_planner_calls_total', { ...mad, outcome: 'ok' }, 0);
  metrics.set('mad_planner_connected', mad, 0);
  const client = createPlannerClient({
    url: config.SEQUENTIAL_THINKING_URL,
    token: parts.callers.serviceToken,
    timeoutMs: config.SEQUENTIAL_THINKING_TIMEOUT_MS,
    log: parts.log.child(mad),
    onStatus: (connected) => metrics.set('mad_planner_connected', mad, connected ? 1 : 0),
  });
  return {
    ...client,
    async plan(prompt, options) {
      try {
        const plan = await client.plan(prompt, options);
        metrics.count('mad_planner_calls_total', { ...mad, outcome: 'ok' });
        return plan;
      } catch (error) {
        const outcome = error instanceof MadError ? error.code : 'cancelled';
        metrics.count('mad_planner_calls_total', { ...mad, outcome });
        throw error;
      }
    },
  };
}
