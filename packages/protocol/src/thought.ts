import { z } from 'zod';
import type { Caller } from './caller.ts';

/** One step of a plan. */
export const PlanStepSchema = z.object({
  step_number: z.number().int(),
  title: z.string().trim().min(1),
  description: z.string().trim().min(1),
});

/** A plan: at least one step, numbered from 1 without gaps. */
export const PlanSchema = z.object({
  plan: z
    .array(PlanStepSchema)
    .min(1)
    .refine((steps) => steps.every((step, index) => step.step_number === index + 1), {
      error: 'steps must be numbered from 1 without gaps',
    }),
});
export type Plan = z.infer<typeof PlanSchema>;

/** Makes plans: a client of Sequential Thinking, or a fake. */
export interface Planner {
  /** @throws MadError `provider_*`, `invalid_plan`, `timeout` or `unreachable` where no plan can be had. */
  plan(prompt: string, options: { correlationId: string; signal: AbortSignal }): Promise<Plan>;
}

/** An earlier exchange of the same conversation. */
export interface Turn {
  readonly prompt: string;
  readonly response: string;
}

export interface ThinkRequest {
  readonly taskId: string;
  readonly prompt: string;
  /** Earlier turns, oldest first. */
  readonly history: readonly Turn[];
  /** Whose eyes the tools read with. */
  readonly caller: Caller;
  readonly correlationId: string;
  /** When the thinking will be broken off, in milliseconds since 1970; never where absent. */
  readonly deadlineMs?: number | undefined;
}

/** What comes out of thinking, in order. The tokens put together are the answer. */
export type Thought =
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'tool_call'; readonly name: string; readonly arguments: Record<string, unknown> }
  | { readonly type: 'tool_result'; readonly name: string; readonly content: string }
  | { readonly type: 'plan'; readonly plan: Plan | null; readonly note: string };

/**
 * The Thought Engine as a task sees it. An error that ends the thinking is thrown, never yielded
 * as a token; retries happen inside, before the first token.
 */
export interface Thinker {
  think(request: ThinkRequest, signal: AbortSignal): AsyncIterable<Thought>;
}
