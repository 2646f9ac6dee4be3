import type { ConverseOutput } from '@mad-group/protocol';
import { type Signal, signal } from '@preact/signals';
import type { z } from 'zod';
import type { Api, ApiError } from '../wire/api.ts';
import { newId } from './ids.ts';
import { TASK_MADS, type TaskMad } from './tasks.ts';

const KEY = 'mad-console-talk';
/** Turns that a reload brings back. */
const MAX_TURNS = 30;

/** One question, and the task that answers it. */
export interface Turn {
  /** Also its idempotency key: sent twice, it is asked once. */
  readonly key: string;
  readonly mad: TaskMad;
  readonly prompt: string;
  readonly correlationId: string;
  /** Null until it was taken. */
  readonly taskId: string | null;
  /** Why it was not taken; null where it was, or is under way. */
  readonly problem: string | null;
}

interface Stored {
  readonly turns: readonly Turn[];
  readonly conversations: Readonly<Record<string, string>>;
}

/** What is asked of Fiedler and Rogers from this tab; a reload brings it back. */
export class Talk {
  readonly turns: Signal<readonly Turn[]> = signal([]);
  /** The conversation with each MAD: earlier turns go along. */
  #conversations: Readonly<Record<string, string>> = {};
  readonly #api: Pick<Api, 'call'>;
  readonly #storage: Storage;

  constructor(api: Pick<Api, 'call'>, storage: Storage) {
    this.#api = api;
    this.#storage = storage;
    const stored = load(storage);
    this.turns.value = stored.turns;
    this.#conversations = stored.conversations;
  }

  /** Asks. What comes of it is in `turns`. */
  async ask(mad: TaskMad, prompt: string): Promise<void> {
    const turn: Turn = { key: newId(), mad, prompt, correlationId: newId(), taskId: null, problem: null };
    this.turns.value = [...this.turns.value, turn].slice(-MAX_TURNS);
    // Before it is sent: a reload must not forget what may be a task by then.
    this.#save();
    await this.#send(turn);
  }

  /** Sends a turn again that was not taken, or of which nobody knows. */
  async again(key: string): Promise<void> {
    const turn = this.turns.value.find((one) => one.key === key);
    if (turn === undefined || turn.taskId !== null) return;
    this.#update({ ...turn, problem: null });
    await this.#send(turn);
  }

  /** Forgets what was said; the next question begins a new conversation. */
  clear(): void {
    this.turns.value = [];
    this.#conversations = {};
    this.#save();
  }

  async #send(turn: Turn): Promise<void> {
    const { mad, prompt, key, correlationId } = turn;
    const conversation = this.#conversations[mad];
    try {
      const reply = await this.#api.call<z.output<typeof ConverseOutput>>(mad, `${mad}_converse`, {
        prompt,
        requester_id: 'console',
        idempotency_key: key,
        correlation_id: correlationId,
        ...(conversation === undefined ? {} : { conversation_id: conversation }),
      });
      this.#conversations = { ...this.#conversations, [mad]: reply.conversation_id };
      this.#update({ ...turn, problem: null, taskId: reply.task_id, correlationId: reply.correlation_id });
    } catch (error) {
      this.#update({ ...turn, problem: (error as ApiError).message });
    }
  }

  #update(turn: Turn): void {
    this.turns.value = this.turns.value.map((one) => (one.key === turn.key ? turn : one));
    this.#save();
  }

  #save(): void {
    const stored: Stored = { turns: this.turns.value, conversations: this.#conversations };
    try {
      this.#storage.setItem(KEY, JSON.stringify(stored));
    } catch {
      // A full storage: the page goes on, and a reload will not bring this back.
    }
  }
}

function load(storage: Storage): Stored {
  try {
    const { turns, conversations } = JSON.parse(storage.getItem(KEY) ?? '') as Stored;
    const known = turns.filter(({ mad }) => TASK_MADS.includes(mad));
    // What was under way when the page went is asked for again: its key makes that harmless.
    const lost = 'The page was left before this was taken.';
    return {
      turns: known.map((turn) => (turn.taskId === null ? { ...turn, problem: turn.problem ?? lost } : turn)),
      conversations,
    };
  } catch {
    return { turns: [], conversations: {} };
  }
}
