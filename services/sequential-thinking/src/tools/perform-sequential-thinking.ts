import {
  defineTool,
  MadError,
  PerformSequentialThinkingInput,
  PerformSequentialThinkingOutput,
  type Planner,
} from '@mad-group/protocol';
import { agentSpan, inSpan } from '@mad-group/protocol/tracing';

/** As traces call who plans. */
const AGENT = 'sequential-thinking';

/** A prompt in, numbered steps out. */
export const performSequentialThinking = (planner: Planner) =>
  defineTool({
    name: 'perform_sequential_thinking',
    title: 'Make a plan',
    description: 'Breaks a prompt down into numbered steps, each with a title and a description.',
    input: PerformSequentialThinkingInput,
    output: PerformSequentialThinkingOutput,
    readOnly: true,
    // The same prompt may give another plan.
    idempotent: false,
    scope: 'converse',
    missing: "'prompt' is required in tool_input.",
    async handle({ prompt }, { correlationId, signal, log }) {
      try {
        const result = await inSpan(agentSpan('plan', AGENT), () =>
          planner.plan(prompt, { correlationId, signal }),
        );
        log.info({ steps: result.plan.length }, 'plan made');
        return { status: 'success' as const, result };
      } catch (error) {
        if (!(error instanceof MadError)) throw error;
        throw new MadError(error.code, `Failed to generate valid plan: ${error.message}`, {
          cause: error,
          ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
        });
      }
    },
  });
