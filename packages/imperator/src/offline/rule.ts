import type { Caller } from '@mad-group/protocol';

export interface OfflineContext {
  /** With whose eyes state is read. */
  readonly caller: Caller;
  readonly correlationId: string;
  readonly signal: AbortSignal;
  /** The task that asks; it is not part of what it asks about. */
  readonly taskId: string;
}

/** Answers one kind of question from real state, without a model. */
export interface OfflineRule {
  /** An example of what can be asked, as a person would: `Which sender is busiest?` */
  readonly describe: string;
  /** The answer, or null where the prompt asks for something else. */
  answer(prompt: string, context: OfflineContext): Promise<string | null>;
}
