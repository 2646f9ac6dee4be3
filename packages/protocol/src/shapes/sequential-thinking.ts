import { z } from 'zod';
import { PlanSchema } from '../thought.ts';
import { CorrelationId, text } from '../tool-input.ts';

export const PerformSequentialThinkingInput = z.object({
  prompt: text(),
  correlation_id: CorrelationId,
});
export const PerformSequentialThinkingOutput = z.object({
  status: z.literal('success'),
  result: PlanSchema,
});
