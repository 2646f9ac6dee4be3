import { randomBytes, randomUUID } from 'node:crypto';
import {
  ConverseOutput,
  GetTaskEventsOutput,
  MadError,
  type RecordedTask,
  type RecordedTaskView,
  SendMessageOutput,
  type TaskEvent,
  TaskSchema,
} from '@mad-group/protocol';
import type { ToolClient } from '../../client/tool-client.ts';
import { createReconnecting, type Reconnecting } from '../reconnecting.ts';
import type { LoggedMessage } from './grace-log.ts';
import { type Known, replaceIds } from './known-ids.ts';
import type { ReplyReader } from './reply-reader.ts';

/** A task of the group, when it is over. */
export interface PlayedTask {
  readonly view: RecordedTaskView;
  readonly events: readonly TaskEvent[];
}

export interface ReplayGroupOptions {
  /** A connection to a MAD by its id. @throws UsageError where no such MAD is known */
  readonly connect: (mad: string) => Promise<ToolClient>;
  readonly replies: ReplyReader;
  /** Longest wait for news of a task, and for a reply, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly note: (words: string) => void;
}

/** How long one question waits for the next event, in milliseconds. */
const WAIT_MS = 5_000;

/** The group that a recording is played to. Ids of the recording become ids of now, for all that refer to them. */
export class ReplayGroup {
  readonly #options: ReplayGroupOptions;
  readonly #now = new Map<string, string>();

  constructor(options: ReplayGroupOptions) {
    this.#options = options;
  }

  /** From ids of the recording to ids of now, as far as something was given. */
  get ids(): Known {
    return this.#now;
  }

  /** The id of now for one of the recording; a new one where there is none yet. */
  #idOf(recorded: string): string {
    const id = this.#now.get(recorded) ?? likeId(recorded);
    this.#now.set(recorded, id);
    return id;
  }

  /** Gives a recorded prompt again. Resolves when the task is stored, with what waits for its end. */
  async giveTask(task: RecordedTask): Promise<() => Promise<PlayedTask>> {
    const { mad, view } = task;
    const connection = await this.#open(mad);
    try {
      const given = ConverseOutput.parse(
        await connection.call(`${mad}_converse`, {
          prompt: this.#withIds(view.prompt),
          requester_id: view.requester_id,
          conversation_id: this.#idOf(view.conversation_id),
          correlation_id: this.#idOf(view.correlation_id),
          // A call whose reply was lost makes no second task.
          idempotency_key: randomUUID(),
        }),
      );
      this.#now.set(view.task_id, given.task_id);
      return () => this.#watch(connection, given.task_id, task);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Sends a recorded message again. Resolves when it is sent, with what waits for its reply. */
  async sendMessage(message: LoggedMessage): Promise<() => Promise<LoggedMessage | null>> {
    const { replies, timeoutMs, signal } = this.#options;
    const client = await this.#options.connect('grace');
    try {
      // Not tried again: what was sent would be sent twice.
      const reply = await client.callOrThrow(
        'grace_send_message',
        {
          channel: message.channel,
          payload: JSON.parse(this.#withIds(JSON.stringify(message.payload))) as object,
          ...(message.recipient_id === null ? {} : { recipient_id: message.recipient_id }),
          conversation_id: this.#idOf(message.conversation_id),
          correlation_id: this.#idOf(message.correlation_id),
        },
        { timeoutMs, signal },
      );
      const { message_id: id } = SendMessageOutput.parse(reply);
      return () => replies.replyTo(id, timeoutMs);
    } finally {
      await client.close();
    }
  }

  /** Watches the task that a message made. */
  async watchTask(taskId: string, task: RecordedTask): Promise<PlayedTask> {
    this.#now.set(task.view.task_id, taskId);
    return this.#watch(await this.#open(task.mad), taskId, task);
  }

  /** At once or not at all; later it is made again where it is lost. */
  async #open(mad: string): Promise<Reconnecting> {
    const { connect, timeoutMs, signal, note } = this.#options;
    const first = await connect(mad);
    const again = () => connect(mad);
    return createReconnecting({ first, connect: again, timeoutMs: timeoutMs + WAIT_MS, signal, note });
  }

  async #watch(connection: Reconnecting, taskId: string, task: RecordedTask): Promise<PlayedTask> {
    const { mad, view: recorded } = task;
    const events: TaskEvent[] = [];
    let heardMs = performance.now();
    let ending = false;
    const end = async (): Promise<void> => {
      ending = true;
      await connection.call(`${mad}_cancel_task`, { task_id: taskId }).catch(ignoreConflict);
    };
    try {
      for (let after = 0; ; ) {
        const page = GetTaskEventsOutput.parse(
          await connection.call(`${mad}_get_task_events`, { task_id: taskId, after, wait_ms: WAIT_MS }),
        );
        events.push(...page.events);
        after = page.next_after;
        if (page.done) break;
        if (page.events.length > 0) heardMs = performance.now();
        if (ending) continue;
        if (recorded.status === 'CANCELLED' && saysAsMuch(events, task.events)) await end();
        else if (performance.now() - heardMs > this.#options.timeoutMs) await end();
      }
      const { owner: _, ...view } = TaskSchema.parse(
        await connection.call(`${mad}_get_task_status`, { task_id: taskId }),
      );
      return { view, events: events.filter(({ attempt }) => attempt === view.attempt) };
    } finally {
      await connection.close();
    }
  }

  #withIds = (text: string): string => replaceIds(text, this.#now);
}

/** Whether a task has come as far as another one had when it was cancelled. */
function saysAsMuch(events: readonly TaskEvent[], recorded: readonly TaskEvent[]): boolean {
  const size = (list: readonly TaskEvent[]) => ({
    characters: list.reduce((sum, { token }) => sum + token.length, 0),
    others: list.filter(({ type }) => type !== 'token' && type !== 'state' && type !== 'attempt').length,
  });
  const [now, then] = [size(events), size(recorded)];
  return now.characters >= then.characters && now.others >= then.others;
}

/** It has ended meanwhile, as it will show. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof MadError) || error.code !== 'conflict') throw error;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Longest part of a chosen id that is kept, so that the new one is as long as an id may be. */
const KEPT_CHARS = 100;

/** A new id of the same kind: a text that counts its UUIDs counts as many as before. */
const likeId = (recorded: string): string =>
  UUID.test(recorded) ? randomUUID() : `${recorded.slice(0, KEPT_CHARS)}~${randomBytes(4).toString('hex')}`;
