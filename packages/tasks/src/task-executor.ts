import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Clock,
  type ErrorDetails,
  type Logger,
  MadError,
  type TaskStatus,
  type Thinker,
  type Thought,
} from '@mad-group/protocol';
import {
  agentSpan,
  failSpan,
  inSpan,
  type Span,
  type SpanSpec,
  type Tracing,
  withTracing,
} from '@mad-group/protocol/tracing';
import type { NewEvent } from './event-log.ts';
import type { TaskMetrics } from './ports.ts';
import { isSqliteError } from './sqlite-errors.ts';
import type { StoredTask } from './stored-task.ts';
import type { AttemptEnd, TaskStore } from './task-store.ts';
import type { Progress } from './task-watch.ts';
import { pullThoughts } from './thoughts.ts';
import type { TokenWriter } from './token-writer.ts';
import { createTextJoiner } from './whole-text.ts';

/** Turns of a conversation that are read from the store; the thinker keeps within its token budget. */
const MAX_HISTORY_TURNS = 100;
/** Pause between tries to write to a database that fails, as on a full disk. */
const WRITE_RETRY_MS = 500;
/** A model that never waits must not hold up everything else. */
const THOUGHTS_PER_TURN = 100;

/** Longest words of an error that are kept, and of its stack trace, which repeats them. */
const MAX_ERROR_CHARS = 4_000;
const MAX_TRACE_CHARS = 20_000;

/** Why a running attempt is broken off. */
export type Interruption = 'cancelled' | 'drained' | 'timed out';

export interface ExecutorOptions {
  readonly store: TaskStore;
  readonly writer: TokenWriter;
  readonly thinker: Thinker;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: TaskMetrics;
  readonly progress: Progress;
  readonly madId: string;
  readonly tracing?: Tracing | undefined;
  /** Longest time of one attempt, in milliseconds; no limit where absent. */
  readonly taskTimeoutMs?: number | undefined;
}

/**
 * Runs one attempt of a claimed task to its end. Never rejects. The signal's reason is an
 * {@link Interruption}; `halt` gives up writes that go on failing, and the next start sees to the task.
 */
export type Executor = (task: StoredTask, controller: AbortController, halt: AbortSignal) => Promise<void>;

export function createExecutor(options: ExecutorOptions): Executor {
  const { store, writer, thinker, clock, metrics, progress, taskTimeoutMs } = options;

  return (task, controller, halt) =>
    withTracing(options.tracing, task.trace, () =>
      inSpan(attemptSpan(task), (span) => attempt(task, controller, halt, span)),
    );

  async function attempt(
    task: StoredTask,
    controller: AbortController,
    halt: AbortSignal,
    span: Span,
  ): Promise<void> {
    const log = options.log.child({ task_id: task.taskId, correlation_id: task.correlationId });
    const end = (): AttemptEnd => ({ task: task.id, attempt: task.attempt, events: writer.take(task.id) });
    const timer =
      taskTimeoutMs === undefined
        ? undefined
        : setTimeout(() => controller.abort('timed out' satisfies Interruption), taskTimeoutMs);
    log.info({ attempt: task.attempt }, `Task ${task.taskId} status changed to RUNNING`);
    metrics.attempt(task.attempt === 1 ? 'first' : 'repeated');
    progress.shown(task.id);
    try {
      const response = await think(task, controller.signal, halt, log);
      const ended = end();
      if (await persist(() => store.complete(ended, response), halt, log)) finished(task, 'COMPLETED', log);
    } catch (error) {
      const why: unknown = controller.signal.aborted ? controller.signal.reason : error;
      failSpan(span, why === 'timed out' ? 'timeout' : why);
      await broken(error, task, end(), controller.signal, halt, log);
    } finally {
      clearTimeout(timer);
      progress.ended(task.id);
    }
  }

  /** Every attempt of a task is beside the others, below what gave it. */
  function attemptSpan(task: StoredTask): SpanSpec {
    const { name, kind, attributes } = agentSpan('invoke_agent', options.madId);
    const own = {
      'gen_ai.conversation.id': task.conversationId,
      'mad.task.id': task.taskId,
      'mad.task.attempt': task.attempt,
      'mad.task.age_s': (clock.now() - task.createdMs) / 1000,
      'mad.correlation_id': task.correlationId,
    };
    return { name, kind, attributes: { ...attributes, ...own } };
  }

  async function think(
    task: StoredTask,
    signal: AbortSignal,
    halt: AbortSignal,
    log: Logger,
  ): Promise<string> {
    const answer = createTextJoiner();
    let streaming = false;
    let count = 0;
    const add = (event: Omit<NewEvent, 'atMs'>): void => {
      progress.shown(task.id);
      writer.add(task.id, task.attempt, { ...event, atMs: clock.now() });
    };

    async function addToken(token: string): Promise<void> {
      if (token === '') return;
      add({ type: 'token', token });
      metrics.tokens(1);
      if (streaming) return;
      streaming = true;
      const start = { task: task.id, attempt: task.attempt, events: writer.take(task.id) };
      if (!(await persist(() => store.beginStreaming(start), halt, log))) throw new AttemptIsOver();
      metrics.firstToken(clock.now() - task.createdMs);
      log.debug({}, `Task ${task.taskId} status changed to STREAMING`);
    }

    const request = {
      taskId: task.taskId,
      prompt: task.prompt,
      history: store.history(task, MAX_HISTORY_TURNS),
      caller: task.caller,
      correlationId: task.correlationId,
      deadlineMs: taskTimeoutMs === undefined ? undefined : clock.now() + taskTimeoutMs,
    };
    for await (const thought of pullThoughts(thinker, request, signal, log)) {
      if (thought.type === 'token') await addToken(answer.add(thought.token));
      else add({ type: thought.type, token: '', data: thoughtData(thought) });
      count += 1;
      if (count % THOUGHTS_PER_TURN === 0) await nextTurn();
    }
    await addToken(answer.end());
    signal.throwIfAborted();
    return answer.text();
  }

  async function broken(
    error: unknown,
    task: StoredTask,
    ended: AttemptEnd,
    signal: AbortSignal,
    halt: AbortSignal,
    log: Logger,
  ): Promise<void> {
    if (halt.aborted || error instanceof AttemptIsOver || signal.reason === 'cancelled') return;
    try {
      if (signal.reason === 'drained') {
        const reason = 'This instance stopped. It begins again; discard the text so far.';
        if (await persist(() => store.requeue(ended, reason), halt, log)) {
          log.info({ attempt: task.attempt }, `Task ${task.taskId} status changed to PENDING`);
        }
        return;
      }
      const details = signal.reason === 'timed out' ? timedOut(taskTimeoutMs ?? 0) : describe(error);
      if (await persist(() => store.fail(ended, details), halt, log)) {
        finished(task, 'FAILED', log, { code: details.code, err: error });
      }
    } catch (failure) {
      log.error({ err: failure }, 'The end of a task could not be stored; the next start queues it again');
    }
  }

  function finished(task: StoredTask, status: TaskStatus, log: Logger, facts: object = {}): void {
    const durationMs = clock.now() - task.createdMs;
    metrics.finished(status, durationMs);
    const level = status === 'FAILED' ? 'warn' : 'info';
    log[level]({ duration_ms: durationMs, ...facts }, `Task ${task.taskId} status changed to ${status}`);
  }
}

/** The task belongs to another attempt by now, or has ended. */
class AttemptIsOver extends Error {}

/** Repeats a write that SQLite fails, until it succeeds or `halt` aborts. */
async function persist<T>(write: () => Promise<T>, halt: AbortSignal, log: Logger): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (!isSqliteError(error) || halt.aborted) throw error;
      if (tries === 0) log.error({ err: error }, 'A change of a task cannot be stored, trying again');
      await delay(WRITE_RETRY_MS, undefined, { signal: halt });
    }
  }
}

function thoughtData(thought: Exclude<Thought, { type: 'token' }>): Record<string, unknown> {
  const { type: _, ...data } = thought;
  return data;
}

function describe(error: unknown): ErrorDetails {
  const thrown = error instanceof Error ? error : new Error(String(error));
  return {
    // It goes on the bus, which takes no message past a size, and before people, who read no book.
    message: clip(thrown.message, MAX_ERROR_CHARS),
    code: thrown instanceof MadError ? thrown.code : 'internal',
    stack_trace: thrown.stack === undefined ? null : clip(thrown.stack, MAX_TRACE_CHARS),
  };
}

const clip = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`;

const timedOut = (timeoutMs: number): ErrorDetails => ({
  message: `The task did not end within ${timeoutMs / 1000} s.`,
  code: 'timeout',
  stack_trace: null,
});
