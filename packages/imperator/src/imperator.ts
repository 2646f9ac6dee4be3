import {
  type Clock,
  jointBehind,
  type Logger,
  MadError,
  noticeBehind,
  PLANNING_TOOL,
  type Planner,
  systemClock,
  type Thinker,
  type ThinkRequest,
  type Thought,
  withoutPlanNotice,
} from '@mad-group/protocol';
import { createDataMarker, type DataMarker } from './data-marking.ts';
import { recentHistory, toMessages } from './history.ts';
import {
  assertReadOnly,
  type ImperatorTool,
  type ImperatorToolContext,
  toToolSpec,
} from './imperator-tool.ts';
import { askForPlan, type PlanOutcome, plannedPrompt, planningTool } from './planning.ts';
import type { ChatMessage, Provider, ToolCall } from './provider/provider.ts';
import { parseArguments, runTool } from './tool-round.ts';
import { findTrigger } from './triggers.ts';

export interface ImperatorOptions {
  /** Text of IMPERATOR.md. */
  readonly contextFile: string;
  readonly provider: Provider;
  readonly tools: readonly ImperatorTool[];
  /** Phrases that send a prompt to the planner first, whatever their case. */
  readonly triggers: readonly string[];
  readonly planner: Planner | null;
  readonly log: Logger;
  /** Rounds of tool calls that one answer may take. Default 8. */
  readonly maxToolRounds?: number;
  /** Earlier turns that go along, in estimated tokens. Default 4,000. */
  readonly historyTokenBudget?: number;
  /** Longest answer, in the model's tokens. The provider's own limit where absent. */
  readonly maxAnswerTokens?: number;
  readonly clock?: Clock;
}

const CUT_NOTICE = '\n\n(The answer was cut here: the model reached its limit of output tokens.)';

/**
 * The Thought Engine of a MAD: a model that reads the MAD's state through tools and answers in words.
 *
 * @throws TypeError where a tool acts
 */
export function createImperator(options: ImperatorOptions): Thinker {
  const {
    contextFile,
    provider,
    tools,
    triggers,
    planner,
    maxToolRounds = 8,
    historyTokenBudget = 4000,
    maxAnswerTokens,
    clock = systemClock,
  } = options;
  assertReadOnly(tools);
  const toolSpecs = tools.map(toToolSpec);
  const planningSpec = toToolSpec(planningTool);

  async function* think(request: ThinkRequest, signal: AbortSignal): AsyncGenerator<Thought> {
    const { prompt, caller, correlationId, taskId } = request;
    const log = options.log.child({ correlation_id: correlationId, task_id: taskId });
    const context: ImperatorToolContext = { caller, correlationId, signal, log };
    const marker = createDataMarker();

    let userPrompt = prompt;
    const trigger = findTrigger(prompt, triggers);
    if (trigger !== undefined) {
      log.info({ trigger }, 'Triggering Sequential Thinking service.');
      const outcome = await askForPlan(planner, prompt, { correlationId, signal, log });
      yield { type: 'plan', ...outcome };
      if (outcome.plan) userPrompt = plannedPrompt(prompt, outcome.plan, marker);
      else yield { type: 'token', token: withoutPlanNotice(outcome.note) };
    }

    const messages: ChatMessage[] = [
      { role: 'system', content: systemPrompt(contextFile, marker, clock) },
      ...toMessages(recentHistory(request.history, historyTokenBudget)),
      { role: 'user', content: userPrompt },
    ];
    // Who was planned for already, or cannot be, is not offered a plan again.
    const offered = planner && trigger === undefined ? [...toolSpecs, planningSpec] : toolSpecs;

    let answered = '';
    let modelSpoke = false;
    for (let round = 0; ; round += 1) {
      let text = '';
      let calls: readonly ToolCall[] = [];
      for await (const event of provider.stream({
        messages,
        tools: offered,
        signal,
        correlationId,
        maxTokens: maxAnswerTokens,
        deadlineMs: request.deadlineMs,
      })) {
        if (event.type === 'token') {
          // What was said before a tool call and after it are two paragraphs of one answer.
          const joint = text === '' ? jointBehind(answered) : '';
          text += event.token;
          yield { type: 'token', token: joint + event.token };
        } else if (event.type === 'tool_calls') calls = event.calls;
        else if (event.reason === 'length') yield { type: 'token', token: CUT_NOTICE };
      }
      if (text !== '') answered = text;
      modelSpoke ||= text.trim() !== '';
      if (calls.length === 0) break;
      if (round >= maxToolRounds) {
        throw new MadError(
          'tool_rounds_exceeded',
          `The model asked for more than ${maxToolRounds} rounds of tool calls. Ask for less at once.`,
        );
      }
      messages.push({ role: 'assistant', content: text, toolCalls: calls });
      for (const call of calls) {
        yield { type: 'tool_call', name: call.name, arguments: parseArguments(call) ?? {} };
      }
      // All at once: the model asked for them together, so none waits for another.
      const results = await Promise.all(calls.map((call) => answerCall(call, context)));
      for (const [index, { content, outcome }] of results.entries()) {
        const call = calls[index] as ToolCall;
        if (outcome) yield { type: 'plan', ...outcome };
        yield { type: 'tool_result', name: call.name, content };
        if (outcome && !outcome.plan) {
          const notice = withoutPlanNotice(outcome.note);
          yield { type: 'token', token: noticeBehind(answered, notice) };
          answered = notice;
        }
        messages.push({ role: 'tool', toolCallId: call.id, content: marker.mark(call.name, content) });
      }
    }
    if (!modelSpoke) {
      throw new MadError('provider_bad_response', 'The model gave an empty answer.');
    }
  }

  async function answerCall(
    call: ToolCall,
    context: ImperatorToolContext,
  ): Promise<{ content: string; outcome?: PlanOutcome }> {
    if (call.name !== PLANNING_TOOL || !planner) return { content: await runTool(tools, call, context) };
    let outcome: PlanOutcome | undefined;
    const asTool: ImperatorTool = {
      ...planningTool,
      readOnly: true,
      run: async (input, { correlationId, signal, log }) => {
        outcome = await askForPlan(planner, String(input.prompt), { correlationId, signal, log });
        return outcome.plan ?? { status: 'error', message: outcome.note };
      },
    };
    const content = await runTool([asTool], call, context);
    return outcome ? { content, outcome } : { content };
  }

  return { think };
}

const systemPrompt = (contextFile: string, marker: DataMarker, clock: Clock): string =>
  [
    contextFile.trim(),
    `Now it is ${new Date(clock.now()).toISOString()}.`,
    marker.rule,
    'Say nothing about state that you have not looked up. Where a tool gives an error, tell it in plain words.',
  ].join('\n\n');
