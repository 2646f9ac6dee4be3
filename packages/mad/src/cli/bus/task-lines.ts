import {
  GetTaskEventsOutput,
  MadError,
  type RecordedTaskView,
  type RecordingLine,
  type TaskEvent,
  TaskSchema,
} from '@mad-group/protocol';
import type { ToolClient } from '../../client/tool-client.ts';
import { UsageError } from '../io.ts';
import type { SeenTask } from './seen-tasks.ts';

export interface TaskLinesOptions {
  /** A connection to a MAD by its id. @throws UsageError where no such MAD is known */
  readonly connect: (mad: string) => Promise<ToolClient>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Why tasks of a MAD, or all of their events, could not be had. */
export interface MissingTasks {
  readonly mad: string;
  readonly count: number;
  readonly reason: string;
}

interface Connection {
  readonly client: Promise<ToolClient>;
  /** When it was begun, in milliseconds of `performance.now()`. */
  readonly sinceMs: number;
}

/** So long a MAD that cannot be reached is left alone, in milliseconds. */
const TRY_AGAIN_MS = 10_000;
/** Questions to one MAD at one time. */
const AT_ONCE = 50;
/** Events of one line, at most; a MAD gives fewer where they are large. */
const EVENTS = 1000;

/** Asks the MADs for what of their tasks is not on the bus. */
export class TaskLines {
  readonly #options: TaskLinesOptions;
  readonly #connections = new Map<string, Connection>();
  readonly #missing = new Map<string, { mad: string; count: number; reason: string }>();

  constructor(options: TaskLinesOptions) {
    this.#options = options;
  }

  get missing(): MissingTasks[] {
    return [...this.#missing.values()];
  }

  /** The lines of these tasks, in their order. A task that cannot be had whole is counted as missing. */
  async *read(tasks: readonly SeenTask[]): AsyncGenerator<RecordingLine> {
    for (let start = 0; start < tasks.length; start += AT_ONCE) {
      const some = tasks.slice(start, start + AT_ONCE);
      const views = await Promise.all(some.map((task) => this.#view(task)));
      for (const [index, view] of views.entries()) {
        if (view) yield* this.#linesOf(some[index] as SeenTask, view);
      }
    }
  }

  async close(): Promise<void> {
    const clients = [...this.#connections.values()].map(({ client }) => client.catch(() => null));
    await Promise.all(clients.map(async (client) => (await client)?.close()));
  }

  async *#linesOf(
    { mad, taskId, wholeUpTo }: SeenTask,
    view: RecordedTaskView,
  ): AsyncGenerator<RecordingLine> {
    yield { type: 'task', mad, task: view };
    for (let after = wholeUpTo; after < view.last_seq; ) {
      const page = await this.#events(mad, taskId, after);
      if (page.length === 0) return;
      yield { type: 'task_events', task_id: taskId, events: page };
      after = (page.at(-1) as TaskEvent).seq;
    }
  }

  async #view({ mad, taskId }: SeenTask): Promise<RecordedTaskView | null> {
    try {
      const { owner: _, ...view } = TaskSchema.parse(
        await this.#call(mad, 'get_task_status', { task_id: taskId }),
      );
      const { error_details: error } = view;
      return { ...view, error_details: error && { ...error, stack_trace: null } };
    } catch (error) {
      this.#options.signal.throwIfAborted();
      this.#miss(mad, error);
      return null;
    }
  }

  /** Empty where they cannot be had. */
  async #events(mad: string, taskId: string, after: number): Promise<TaskEvent[]> {
    const input = { task_id: taskId, after, limit: EVENTS };
    try {
      const { events } = GetTaskEventsOutput.parse(await this.#call(mad, 'get_task_events', input));
      if (events.length === 0) this.#miss(mad, new MadError('not_found', 'Its events are gone.'));
      return events;
    } catch (error) {
      this.#options.signal.throwIfAborted();
      this.#miss(mad, error);
      return [];
    }
  }

  async #call(mad: string, tool: string, input: object): Promise<Record<string, unknown>> {
    const { timeoutMs, signal } = this.#options;
    const client = await this.#clientOf(mad);
    return client.callOrThrow(`${mad}_${tool}`, input, { timeoutMs, signal });
  }

  /** A MAD that was lost is connected to anew; one that cannot be reached is not tried at each task. */
  async #clientOf(mad: string): Promise<ToolClient> {
    const known = this.#connections.get(mad);
    const client = await known?.client.catch(() => null);
    const isTriedEnough = known && !client && performance.now() - known.sinceMs < TRY_AGAIN_MS;
    if (known && (client?.open || isTriedEnough)) return known.client;
    // Somebody may have made one while this waited.
    if (this.#connections.get(mad) !== known) return this.#clientOf(mad);
    const made = { client: this.#options.connect(mad), sinceMs: performance.now() };
    this.#connections.set(mad, made);
    return made.client;
  }

  #miss(mad: string, error: unknown): void {
    if (!(error instanceof MadError) && !(error instanceof UsageError)) throw error;
    const code = error instanceof MadError ? error.code : 'unknown';
    const reason = code === 'not_found' ? `${mad} has them no longer` : error.message;
    const key = `${mad} ${code}`;
    const known = this.#missing.get(key);
    this.#missing.set(key, { mad, count: (known?.count ?? 0) + 1, reason: known?.reason ?? reason });
  }
}
