import { type Plan, PlanSchema } from '@mad-group/protocol';
import { HOW_TO_SET_A_MODEL } from './provider/create-provider.ts';

/** Words that begin a new step. */
const SEPARATORS =
  /\s*(?:[;\n]+|,?\s*\b(?:and then|then|after that|afterwards|finally)\b,?|,\s*(?:and\s+)?|\.\s+)\s*/i;
/** What people put before the thing itself. */
const PREAMBLE =
  /^(?:please\s+)?(?:can you\s+|could you\s+)?(?:design a workflow|plan the steps|outline a process|think step-by-step|plan|design|outline)\s*(?:to|for|about how to|about|of|:)?\s+/i;

/** Characters of the prompt that are looked at: patterns over more of it would take too long. */
const MAX_PROMPT = 4_000;
/** Longest title, in characters. */
const MAX_TITLE = 80;

/**
 * A plan without a model: the parts of the prompt in their order, between a step that says what this
 * is and one that checks the result. Plain, and honest about it.
 */
export function offlinePlan(prompt: string): Plan {
  const goal = oneLine(prompt.slice(0, MAX_PROMPT));
  const parts = goal
    .replace(PREAMBLE, '')
    .split(SEPARATORS)
    .map((part) => part.replace(/[.?!\s]+$/, '').trim())
    .filter((part) => part.length > 2);
  const steps = [
    {
      title: 'Make clear what is wanted',
      description: `State the goal and how its success will be seen: “${clip(goal, 300)}”. (No model is configured: this plan only orders the words of the request. ${HOW_TO_SET_A_MODEL})`,
    },
    ...parts.slice(0, 20).map((part) => ({
      title: clip(capitalized(part), MAX_TITLE),
      description: `Do this part and write down its result: ${clip(part, 500)}.`,
    })),
    {
      title: 'Check the result',
      description: 'Compare what came out with the goal of step 1, and repeat the step that fell short.',
    },
  ];
  // A prompt without any words left still gets three steps.
  if (steps.length < 3) {
    steps.splice(1, 0, {
      title: 'Carry it out',
      description: 'Do what step 1 states, the smallest part first.',
    });
  }
  return PlanSchema.parse({ plan: steps.map((step, index) => ({ step_number: index + 1, ...step })) });
}

const oneLine = (text: string): string => text.replace(/[^\S\n]+/g, ' ').trim();
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const clip = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`;
