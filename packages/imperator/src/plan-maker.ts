import { type Logger, MadError, type Plan, type Planner, PlanSchema } from '@mad-group/protocol';
import { offlinePlan } from './offline-plan.ts';
import type { ChatMessage, Provider } from './provider/provider.ts';

export interface PlanMakerOptions {
  /** Null means offline: plain plans from the words of the prompt. */
  readonly provider: Provider | null;
  readonly log: Logger;
  /** For the whole plan, repair included, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Longest plan, in the model's tokens. Default 4,000. */
  readonly maxTokens?: number | undefined;
}

const SYSTEM_PROMPT = `You plan. You take a request and break it down into steps that someone else will carry out.
Answer with one JSON object and nothing else, no explanations and no Markdown:
{"plan": [{"step_number": 1, "title": "a few words", "description": "what is done in this step, in one or two sentences"}]}
Number the steps from 1 without gaps. Use three to ten steps. No title and no description is empty.`;

/** The shape of a plan, in the part of JSON Schema that strict modes take. */
const PLAN_JSON_SCHEMA = {
  type: 'object',
  properties: {
    plan: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          step_number: { type: 'integer' },
          title: { type: 'string' },
          description: { type: 'string' },
        },
        required: ['step_number', 'title', 'description'],
        additionalProperties: false,
      },
    },
  },
  required: ['plan'],
  additionalProperties: false,
};

/** Sequential Thinking's logic: a prompt in, a valid plan out, after one repair at most. */
export function createPlanMaker(options: PlanMakerOptions): Planner {
  const { provider, log, timeoutMs = 60_000, maxTokens = 4_000 } = options;

  return {
    /** @throws MadError `invalid_plan`, `timeout`, `provider_*`; the signal's reason */
    async plan(prompt, { correlationId, signal }) {
      signal.throwIfAborted();
      if (provider === null) return offlinePlan(prompt);
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), timeoutMs);
      try {
        return await makePlan(provider, prompt, {
          correlationId,
          maxTokens,
          signal: AbortSignal.any([signal, deadline.signal]),
          log: log.child({ correlation_id: correlationId }),
        });
      } catch (error) {
        signal.throwIfAborted();
        if (!deadline.signal.aborted) throw error;
        throw new MadError('timeout', `no plan within ${timeoutMs / 1000} s`, { cause: error });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

async function makePlan(
  provider: Provider,
  prompt: string,
  options: { correlationId: string; signal: AbortSignal; maxTokens: number; log: Logger },
): Promise<Plan> {
  const { log, ...rest } = options;
  const request = {
    system: SYSTEM_PROMPT,
    prompt,
    schema: { name: 'plan', schema: PLAN_JSON_SCHEMA },
    ...rest,
  };
  const first = await provider.completeJson(request);
  const checked = parsePlan(first);
  if ('plan' in checked) return checked.plan;

  log.warn({ problems: checked.problems }, 'plan is not valid, asking for a repair');
  const followUp: ChatMessage[] = [
    { role: 'assistant', content: first },
    {
      role: 'user',
      content: `That is not a valid plan:\n- ${checked.problems.join('\n- ')}\nAnswer with the corrected JSON object only.`,
    },
  ];
  const repaired = parsePlan(await provider.completeJson({ ...request, followUp }));
  if ('plan' in repaired) return repaired.plan;
  throw new MadError('invalid_plan', repaired.problems.join('; '));
}

/**
 * A plan from a model's words, or what is wrong with them. Code fences are taken off, since models
 * without a JSON mode write them; nothing else is corrected silently.
 */
export function parsePlan(text: string): { plan: Plan } | { problems: string[] } {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?\s*```\s*$/i.exec(text);
  let value: unknown;
  try {
    value = JSON.parse(fenced?.[1] ?? text);
  } catch (error) {
    if (error instanceof SyntaxError) return { problems: [`it is not JSON: ${error.message}`] };
    throw error;
  }
  const parsed = PlanSchema.safeParse(value);
  if (parsed.success) return { plan: parsed.data };
  return {
    problems: parsed.error.issues.map((issue) =>
      issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
    ),
  };
}
