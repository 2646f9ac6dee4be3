import type { Plan } from '@mad-group/protocol';

/** A plan as people read it: a numbered list. */
export const renderPlan = (plan: Plan): string =>
  plan.plan.map((step) => `${step.step_number}. ${step.title}: ${step.description}`).join('\n');
