import { setTimeout as delay } from 'node:timers/promises';
import {
  type Caller,
  type Clock,
  type Envelope,
  formatPosition,
  type Scope,
  type Thinker,
  type ThinkRequest,
  type Thought,
} from '@mad-group/protocol';
import type { Publisher, TaskMetrics, TaskWording } from '../ports.ts';

export const caller = (name: string, ...scopes: Scope[]): Caller => ({
  name,
  scopes: new Set(scopes.length > 0 ? scopes : (['read', 'converse'] as const)),
});

export const wording: TaskWording = {
  notFound: (taskId) => `Task with id '${taskId}' not found.`,
  completed: 'Task completed successfully.',
};

export const silentMetrics: TaskMetrics = {
  submitted: () => undefined,
  refused: () => undefined,
  attempt: () => undefined,
  finished: () => undefined,
  firstToken: () => undefined,
  tokens: () => undefined,
  load: () => undefined,
  outbox: () => undefined,
};

/** A clock that stands still until it is moved. */
export function steppingClock(startMs = 1_750_000_000_000): Clock & { advance(ms: number): void } {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
  };
}

/** A bus that remembers what it got, fails while told to, and keeps one of each message id for retries. */
export function createFakePublisher() {
  const envelopes: Envelope[] = [];
  const calls: { envelope: Envelope; retry: boolean }[] = [];
  const ids = new Set<string>();
  let fault: ((envelope: Envelope) => Error | 'lost reply' | undefined) | undefined;
  const publisher: Publisher = {
    async publish(envelope, options = {}) {
      calls.push({ envelope, retry: options.retry === true });
      const failure = fault?.(envelope);
      if (failure instanceof Error) throw failure;
      if (!(options.retry && ids.has(envelope.message_id))) envelopes.push(envelope);
      ids.add(envelope.message_id);
      if (failure === 'lost reply') throw new Error('the reply was lost');
      return formatPosition({ epoch: 'test', place: `1-${envelopes.length}` });
    },
  };
  return {
    ...publisher,
    /** What is in the log. */
    envelopes,
    /** Each try. */
    calls,
    failWith(next: typeof fault) {
      fault = next;
    },
    of: (channel: string): Envelope[] => envelopes.filter((envelope) => envelope.channel === channel),
  };
}
export type FakePublisher = ReturnType<typeof createFakePublisher>;

/** A thinker from a function that yields thoughts. */
export const thinkerOf = (
  think: (request: ThinkRequest, signal: AbortSignal) => AsyncIterable<Thought>,
): Thinker => ({ think });

export const token = (text: string): Thought => ({ type: 'token', token: text });

/** Answers `echo: {prompt}` in one token for each word. */
export const echoThinker: Thinker = thinkerOf(async function* ({ prompt }) {
  yield token('echo:');
  for (const word of prompt.split(' ')) yield token(` ${word}`);
});

/** Yields one token and then waits until it is aborted. */
export const hangingThinker: Thinker = thinkerOf(async function* (_, signal) {
  yield token('begun');
  await delay(600_000, undefined, { signal });
});

/** The task's text as a reader of its stream joins it: tokens, discarded at each new attempt. */
export function joinTokens(events: readonly { type: string; token: string }[]): string {
  let text = '';
  for (const event of events) text = event.type === 'attempt' ? '' : text + event.token;
  return text;
}
