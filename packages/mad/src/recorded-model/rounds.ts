import {
  jointBehind,
  noticeBehind,
  PLANNING_TOOL,
  type Plan,
  PlanSchema,
  type RecordedTask,
  type TaskEvent,
  withoutPlanNotice,
} from '@mad-group/protocol';
import { endOfTask, type RoundEnd } from './round-end.ts';

interface RecordedCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What the model answered to one request: text, then calls of tools. */
export interface RecordedRound {
  readonly pieces: readonly string[];
  readonly calls: readonly RecordedCall[];
  /** What the tools gave, in the order of the calls. */
  readonly results: readonly string[];
  readonly end: RoundEnd;
}

/** A request for a plan, and what came of it. */
export interface RecordedPlan {
  readonly prompt: string;
  readonly plan: Plan | null;
  readonly note: string;
}

export interface RecordedAnswer {
  readonly rounds: readonly RecordedRound[];
  readonly plans: readonly RecordedPlan[];
}

/**
 * A task's events as what its model must have said: the reverse of the Imperator, which adds notices
 * and paragraphs of its own to the model's text. All up to the tools' results is one round.
 */
export function recordedAnswer({ view, events }: RecordedTask): RecordedAnswer {
  const rounds: RecordedRound[] = [];
  const plans: RecordedPlan[] = [];
  /** The Imperator's own words before the model's next ones. */
  let added = '';
  /** What was said last, as the Imperator keeps it. */
  let answered = '';
  let pieces: string[] = [];
  let calls: RecordedCall[] = [];
  let results: string[] = [];

  const hasResults = (): boolean => calls.length > 0 && results.length === calls.length;

  /** The model's text is complete. */
  function endText(): void {
    pieces = withoutPrefix(pieces, added || jointBehind(answered));
    answered = pieces.join('') || answered;
    added = '';
  }
  function endRound(end: RoundEnd): void {
    if (calls.length === 0) endText();
    rounds.push({ pieces, calls, results, end });
    pieces = [];
    calls = [];
    results = [];
  }
  function takePlan(event: TaskEvent): string {
    const call = calls[results.length];
    const prompt = call?.name === PLANNING_TOOL ? String(call.arguments.prompt ?? '') : view.prompt;
    const plan = PlanSchema.safeParse(event.plan).data ?? null;
    const note = String(event.note ?? '');
    plans.push({ prompt, plan, note });
    return plan ? '' : withoutPlanNotice(note);
  }

  /** The notice that follows the next result. */
  let notice = '';
  for (const event of events) {
    if (event.type === 'plan') {
      notice = takePlan(event);
      if (calls.length > 0) continue;
      added = notice;
      notice = '';
    } else if (event.type === 'tool_call') {
      if (hasResults()) endRound({ kind: 'complete' });
      if (calls.length === 0) endText();
      calls.push({ name: String(event.name), arguments: objectOf(event.arguments) });
    } else if (event.type === 'tool_result') {
      results.push(String(event.content));
      if (notice === '') continue;
      added = noticeBehind(answered, notice);
      answered = notice;
      notice = '';
    } else if (event.type === 'token') {
      if (hasResults()) endRound({ kind: 'complete' });
      // Among results only the Imperator speaks.
      if (calls.length === 0) pieces.push(event.token);
      else added = '';
    }
  }
  if (calls.length > 0) endRound({ kind: 'complete' });
  const lastCall = rounds.at(-1)?.calls[0];
  if (view.error_details?.code === 'tool_rounds_exceeded' && lastCall) {
    // Those calls were one round too many, and were not recorded; any will do.
    endText();
    calls = [{ name: lastCall.name, arguments: {} }];
    endRound({ kind: 'complete' });
  } else {
    endRound(endOfTask(view));
  }
  return { rounds, plans };
}

/** The pieces without this beginning, where they have it. */
function withoutPrefix(pieces: readonly string[], prefix: string): string[] {
  if (!pieces.join('').startsWith(prefix)) return [...pieces];
  let left = prefix.length;
  const rest: string[] = [];
  for (const piece of pieces) {
    const cut = Math.min(left, piece.length);
    left -= cut;
    if (cut < piece.length) rest.push(piece.slice(cut));
  }
  return rest;
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
