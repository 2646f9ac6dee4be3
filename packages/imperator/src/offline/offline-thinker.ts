import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Logger,
  type Planner,
  silentLogger,
  type Thinker,
  type ThinkRequest,
  type Thought,
  withoutPlanNotice,
} from '@mad-group/protocol';
import { askForPlan } from '../planning.ts';
import { HOW_TO_SET_A_MODEL } from '../provider/create-provider.ts';
import { renderPlan } from '../render-plan.ts';
import { findTrigger } from '../triggers.ts';
import { callsAsWords } from './call-syntax.ts';
import { asksSomething, findEcho } from './echo.ts';
import type { OfflineContext, OfflineRule } from './rule.ts';

export interface OfflineThinkerOptions {
  readonly madId: string;
  /** Asked in this order; the first answer wins. */
  readonly rules: readonly OfflineRule[];
  /** Phrases that send a prompt to the planner first, whatever their case. */
  readonly triggers?: readonly string[];
  readonly planner?: Planner | null;
  readonly log?: Logger;
  /** Pause between two words, in milliseconds, so that streaming can be seen. Default 5. */
  readonly wordDelayMs?: number;
}

/** Stands at the end of each answer. */
const NO_MODEL_NOTE = `(No model is configured: this answer comes from rules. ${HOW_TO_SET_A_MODEL})`;

/**
 * Characters of a prompt that rules look at. A question is shorter, and the patterns of rules may
 * take quadratic time: on a prompt of a megabyte one of them would hold up the whole process.
 */
const MAX_QUESTION = 2_000;

/** A Thought Engine without a model: answers from state by rules, and says in each answer what it is. */
export function createOfflineThinker(options: OfflineThinkerOptions): Thinker {
  const { madId, rules, triggers = [], planner = null, log = silentLogger, wordDelayMs = 5 } = options;

  async function* think(request: ThinkRequest, signal: AbortSignal): AsyncGenerator<Thought> {
    const { prompt, caller, correlationId, taskId } = request;
    const context: OfflineContext = { caller, correlationId, taskId, signal };
    const trigger = findTrigger(prompt, triggers);
    let answer: string;
    if (trigger === undefined) answer = await answerByRule(prompt, context);
    else {
      const lines = log.child({ correlation_id: correlationId, task_id: taskId });
      lines.info({ trigger }, 'Triggering Sequential Thinking service.');
      const outcome = await askForPlan(planner, prompt, { correlationId, signal, log: lines });
      yield { type: 'plan', ...outcome };
      answer = outcome.plan
        ? `Sequential Thinking suggests these steps:\n\n${renderPlan(outcome.plan)}`
        : withoutPlanNotice(outcome.note) + (await answerByRule(prompt, context));
    }
    for (const token of words(`${answer}\n\n${NO_MODEL_NOTE}`)) {
      signal.throwIfAborted();
      yield { type: 'token', token };
      if (wordDelayMs > 0) await sleep(wordDelayMs, undefined, { signal });
    }
  }

  async function answerByRule(whole: string, context: OfflineContext): Promise<string> {
    const prompt = callsAsWords(whole.slice(0, MAX_QUESTION));
    const echo = findEcho(prompt);
    // Words are repeated at once where nothing else is asked; a question beside them comes first.
    if (echo?.plain && !asksSomething(echo.rest)) return echo.words;
    for (const rule of rules) {
      const answer = await rule.answer(echo?.plain ? echo.rest : prompt, context);
      context.signal.throwIfAborted();
      if (answer !== null) return answer;
    }
    return echo?.words ?? dontKnow();
  }

  const dontKnow = (): string =>
    [
      `I am ${madId}. No model is configured, so I can answer only what my rules know, and this is not among it.`,
      rules.length === 0
        ? ''
        : `You can ask, for example:\n${rules.map((rule) => `- ${rule.describe}`).join('\n')}`,
    ]
      .filter((part) => part !== '')
      .join('\n\n');

  return { think };
}

/** The text in words, each with the white space before it, so that put together they are the text. */
export const words = (text: string): string[] => text.match(/\s*\S+\s*?(?=\s|$)|\s+$/g) ?? [];
