import { MadError, type RecordedTask, type Turn } from '@mad-group/protocol';
import type { Conversation } from './conversation.ts';
import { pairIds, withIdsOf, withoutIds } from './ids.ts';
import { endOfFailure, type RoundEnd } from './round-end.ts';
import { type RecordedPlan, type RecordedRound, recordedAnswer } from './rounds.ts';

/** What is answered to one request. */
export interface ModelAnswer {
  readonly pieces: readonly string[];
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly end: RoundEnd;
}

export interface RecordedModel {
  /** How much there is to answer with. */
  readonly size: { readonly tasks: number; readonly rounds: number; readonly plans: number };
  /** @throws MadError `not_found` where the recording holds no answer to this */
  answer(conversation: Conversation): ModelAnswer;
}

interface Entry {
  readonly index: number;
  readonly task: RecordedTask;
  readonly rounds: readonly RecordedRound[];
  /** Earlier turns of its conversation in the recording, oldest first. */
  readonly history: readonly Turn[];
}

type Question = Extract<Conversation, { kind: 'answer' }>;

/**
 * A model that answers as the models of these tasks did. It finds what to say by the conversation so
 * far. Ids are no part of that: those of the answer become those that stand in their place now.
 */
export function createRecordedModel(tasks: readonly RecordedTask[]): RecordedModel {
  const answers = tasks.map(recordedAnswer);
  const entries = tasks.map(
    (task, index): Entry => ({
      index,
      task,
      rounds: answers[index]?.rounds ?? [],
      history: turnsBefore(tasks.slice(0, index), task),
    }),
  );
  const plans = answers.flatMap((answer) => answer.plans);
  const byPrompt = Map.groupBy(entries, ({ task }) => withoutIds(task.view.prompt));
  const plansByPrompt = Map.groupBy(plans, ({ prompt }) => withoutIds(prompt));
  const inTurn = createTurns();

  function answer(question: Question): ModelAnswer {
    const entry = question.rounds.length === 0 ? begin(question) : goOn(question);
    const round = entry.rounds[question.rounds.length];
    if (!round) {
      const count = entry.rounds.length === 1 ? '1 round' : `${entry.rounds.length} rounds`;
      throw unknown(`the recording holds ${count} of this task, and one more is asked for`);
    }
    const ids = pairIds(pairsOf(entry, question));
    return {
      pieces: withIds(round.pieces),
      calls: round.calls.map((call, number) => ({
        id: callId(entry.index, question.rounds.length, number),
        name: call.name,
        arguments: withIdsOf(ids, JSON.stringify(call.arguments)),
      })),
      end: round.end,
    };

    /** An id may stand in two pieces: where one changes, the text comes whole. */
    function withIds(pieces: readonly string[]): readonly string[] {
      const text = pieces.join('');
      const changed = withIdsOf(ids, text);
      return changed === text ? pieces : [changed];
    }
  }

  function begin({ prompts, history, tools }: Question): Entry {
    const asked = prompts.flatMap((prompt) => byPrompt.get(withoutIds(prompt)) ?? []);
    if (asked.length === 0) throw unknown('the recording holds no task with this prompt');
    const able = asked.filter(({ rounds }) => rounds.every((round) => isOffered(round, tools)));
    const among = able.length > 0 ? able : asked;
    const fitting = among.filter((entry) => isHistory(entry.history, history));
    return inTurn(fitting.length > 0 ? fitting : among);
  }

  /** The ids of its calls say which task it is: we gave them. */
  function goOn({ prompts, rounds }: Question): Entry {
    const [index, round] = parseCallId(rounds.at(-1)?.[0] ?? '');
    const entry = entries[index];
    const asked = entry && prompts.map(withoutIds).includes(withoutIds(entry.task.view.prompt));
    if (entry && asked && round === rounds.length - 1) return entry;
    throw unknown('the conversation goes on with a call of a tool that this recording did not ask for');
  }

  function plan(prompt: string): ModelAnswer {
    const found = plansByPrompt.get(withoutIds(prompt));
    if (!found) throw unknown('the recording holds no plan for this prompt');
    const recorded = inTurn(found);
    if (!recorded.plan) return { pieces: [], calls: [], end: endOfPlan(recorded) };
    const text = JSON.stringify(recorded.plan);
    const ids = pairIds([[recorded.prompt, prompt]]);
    return { pieces: [withIdsOf(ids, text)], calls: [], end: { kind: 'complete' } };
  }

  return {
    size: {
      tasks: tasks.length,
      rounds: answers.reduce((sum, { rounds }) => sum + rounds.length, 0),
      plans: plans.length,
    },
    answer: (conversation) =>
      conversation.kind === 'plan' ? plan(conversation.prompt) : answer(conversation),
  };
}

const unknown = (reason: string): MadError => new MadError('not_found', `Not recorded: ${reason}.`);

/** Whoever was used least is next, in the order of the recording. */
function createTurns() {
  const used = new Map<object, number>();
  return <T extends object>(candidates: readonly T[]): T => {
    const counts = candidates.map((each) => used.get(each) ?? 0);
    const next = candidates[counts.indexOf(Math.min(...counts))] as T;
    used.set(next, (used.get(next) ?? 0) + 1);
    return next;
  };
}

const isOffered = ({ calls }: RecordedRound, tools: readonly string[]): boolean =>
  calls.every(({ name }) => tools.includes(name));

/** What the MAD gave its model as history: the task's conversation before it. */
function turnsBefore(earlier: readonly RecordedTask[], { mad, view }: RecordedTask): Turn[] {
  return earlier.flatMap((task): Turn[] => {
    const { prompt, result_payload: result, conversation_id: conversationId } = task.view;
    if (task.mad !== mad || conversationId !== view.conversation_id || result === null) return [];
    return [{ prompt, response: result.response }];
  });
}

/** Whether two histories end alike; each may have lost its beginning. */
function isHistory(recorded: readonly Turn[], present: readonly Turn[]): boolean {
  if (present.length === 0 && recorded.length > 0) return false;
  const count = Math.min(recorded.length, present.length);
  if (count === 0) return recorded.length === present.length;
  const same = ({ prompt, response }: Turn, other: Turn): boolean =>
    withoutIds(prompt) === withoutIds(other.prompt) && withoutIds(response) === withoutIds(other.response);
  return recorded.slice(-count).every((turn, index) => same(turn, present.slice(-count)[index] as Turn));
}

/** The texts of then and now that say the same. */
function* pairsOf(entry: Entry, question: Question): Generator<[string, string]> {
  const { prompt } = entry.task.view;
  yield [prompt, question.prompts.at(-1) ?? ''];
  const count = Math.min(entry.history.length, question.history.length);
  for (let back = 1; back <= count; back += 1) {
    const then = entry.history.at(-back);
    const now = question.history.at(-back);
    if (then && now) yield [`${then.prompt}\n${then.response}`, `${now.prompt}\n${now.response}`];
  }
  for (const [round, results] of question.results.entries()) {
    for (const [number, result] of results.entries()) {
      yield [entry.rounds[round]?.results[number] ?? '', result];
    }
  }
}

const callId = (task: number, round: number, call: number): string => `recorded_${task}_${round}_${call}`;

function parseCallId(id: string): [task: number, round: number] {
  const [, task = '-1', round = '-1'] = /^recorded_(\d+)_(\d+)_\d+$/.exec(id) ?? [];
  return [Number(task), Number(round)];
}

/** The model's part in a plan that could not be had, by what was said of it. */
function endOfPlan({ note }: RecordedPlan): RoundEnd {
  const reason = /The model provider .*|no plan within .*/s.exec(note)?.[0] ?? note;
  if (reason.startsWith('no plan within')) return { kind: 'silent' };
  // The note ends each reason with one full stop, whatever it ended with.
  return endOfFailure({ code: 'provider_rejected', message: reason });
}
