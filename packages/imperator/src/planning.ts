import {
  type Logger,
  MadError,
  PLAN_LEAD,
  PLANNING_TOOL,
  type Plan,
  type Planner,
} from '@mad-group/protocol';
import { z } from 'zod';
import type { DataMarker } from './data-marking.ts';

export const planningTool = {
  name: PLANNING_TOOL,
  description:
    'Asks the Sequential Thinking service for a plan: numbered steps, each with a title and a description. ' +
    'Use it where a prompt needs planning or several steps of analysis.',
  input: z.object({ prompt: z.string().min(1).describe('what to plan, in full sentences') }),
};

/** A plan, or why there is none. */
export interface PlanOutcome {
  readonly plan: Plan | null;
  readonly note: string;
}

/**
 * Asks for a plan. That none can be had is an outcome, not an error: the answer goes on without.
 *
 * @throws the signal's reason
 */
export async function askForPlan(
  planner: Planner | null,
  prompt: string,
  options: { correlationId: string; signal: AbortSignal; log: Logger },
): Promise<PlanOutcome> {
  const { correlationId, signal, log } = options;
  if (!planner) return { plan: null, note: 'Sequential Thinking is not configured.' };
  try {
    const plan = await planner.plan(prompt, { correlationId, signal });
    return {
      plan,
      note: `Sequential Thinking made a plan with ${plan.plan.length === 1 ? 'one step' : `${plan.plan.length} steps`}.`,
    };
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error }, 'Sequential Thinking gave no plan');
    const reason = error instanceof MadError ? error.message : 'an internal error occurred';
    return {
      plan: null,
      note: `Sequential Thinking could not be reached or gave no plan: ${reason.replace(/\.+$/, '')}.`,
    };
  }
}

/** The prompt for the model once a plan is there: the question, and the plan as data. */
export const plannedPrompt = (prompt: string, plan: Plan, marker: DataMarker): string =>
  [
    prompt,
    PLAN_LEAD,
    marker.mark(PLANNING_TOOL, JSON.stringify(plan, null, 2)),
    'Answer the request on the basis of this plan: present its steps well, in order, for the person who asked. Look up state with your tools where a step needs it.',
  ].join('\n\n');
