import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Caller,
  type Clock,
  type Envelope,
  formatPosition,
  type Scope,
  silentLogger,
  systemClock,
  type Thinker,
  type ThinkRequest,
  type Thought,
} from '@mad-group/protocol';
import { openDatabase, type StateDatabase } from '../database.ts';
import type { Publisher, TaskMetrics, TaskWording } from '../ports.ts';
import { TASK_MIGRATIONS } from '../task-migrations.ts';
import { createTaskRunner, type TaskRunner, type TaskRunnerOptions } from '../task-runner.ts';
import { createTaskStore, type TaskStore } from '../task-store.ts';

export const temporaryPath = (): string => join(mkdtempSync(join(tmpdir(), 'mad-tasks-')), 'state.db');

export const openTestDatabase = (path = temporaryPath()): StateDatabase =>
  openDatabase({ path, log: silentLogger, migrations: TASK_MIGRATIONS });

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
const echoThinker: Thinker = thinkerOf(async function* ({ prompt }) {
  yield token('echo:');
  for (const word of prompt.split(' ')) yield token(` ${word}`);
});

/** Yields one token and then waits until it is aborted. */
export const hangingThinker: Thinker = thinkerOf(async function* (_, signal) {
  yield token('begun');
  await delay(600_000, undefined, { signal });
});

export interface TestRunner {
  readonly runner: TaskRunner;
  readonly store: TaskStore;
  readonly database: StateDatabase;
  readonly publisher: FakePublisher;
}

/** A runner on a database of its own, not started. */
export function createTestRunner(
  options: Partial<TaskRunnerOptions> & { database?: StateDatabase; publisher?: FakePublisher } = {},
): TestRunner {
  const { database = openTestDatabase(), publisher = createFakePublisher(), ...rest } = options;
  const clock = options.clock ?? systemClock;
  const store = options.store ?? createTaskStore(database, { clock });
  const runner = createTaskRunner({
    store,
    thinker: echoThinker,
    publisher,
    clock,
    log: silentLogger,
    metrics: silentMetrics,
    madId: 'fiedler',
    wording,
    concurrency: 4,
    queueMax: 1_000,
    retentionDays: 30,
    ...rest,
  });
  return { runner, store, database, publisher };
}

/** The task's text as a reader of its stream joins it: tokens, discarded at each new attempt. */
export function joinTokens(events: readonly { type: string; token: string }[]): string {
  let text = '';
  for (const event of events) text = event.type === 'attempt' ? '' : text + event.token;
  return text;
}
