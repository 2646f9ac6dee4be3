import type { ConsoleFrame, TaskEvent } from '@mad-group/protocol';
import { type Signal, signal } from '@preact/signals';
import type { Api, ApiError } from '../wire/api.ts';
import { type Entry, type MessageEntry, toEntry } from './entries.ts';
import { TASK_MADS, type TaskMad } from './tasks.ts';

/** How far back a search goes at first, in milliseconds before what is known; the log may hold days. */
const NEAR_MS = 15 * 60_000;
/** Messages of one trace that are kept. */
const MAX_MESSAGES = 20_000;

export interface Search {
  readonly state: 'running' | 'done' | 'failed';
  /** Whether it looked at the whole log. */
  readonly whole: boolean;
  /** The oldest entry that was looked at, as ISO 8601; null where there was none. */
  readonly searchedFrom: string | null;
  readonly problem: string | null;
}

/** All messages of one correlation id: those in the log, and those that still come. */
export class Trace {
  readonly correlationId: string;
  /** In the order of the log. */
  readonly messages: Signal<readonly MessageEntry[]> = signal([]);
  readonly search: Signal<Search>;
  /** Messages that this page still holds, and a search of the log did not find any more. */
  readonly gone: Signal<number> = signal(0);
  /** A time at which one of them is known to be, in milliseconds since 1970; null where none is. */
  readonly nearMs: number | null;
  readonly #api: Pick<Api, 'frames'>;
  readonly #stop = new AbortController();
  readonly #known = new Set<string>();
  #pending: MessageEntry[] = [];

  /**
   * @param nearMs a time at which one of them is known to be; null searches the whole log
   * @param held what the page has read of the bus: the log may have lost it by now
   */
  constructor(
    api: Pick<Api, 'frames'>,
    correlationId: string,
    nearMs: number | null,
    held: readonly Entry[] = [],
  ) {
    this.#api = api;
    this.correlationId = correlationId;
    this.nearMs = nearMs;
    for (const entry of held) if (this.#isOwn(entry)) this.#add(entry);
    this.flush();
    this.search = signal({ state: 'running', whole: nearMs === null, searchedFrom: null, problem: null });
    void this.#run(nearMs === null ? null : nearMs - NEAR_MS);
  }

  /** Looks at all of the log. */
  searchWhole(): void {
    this.#search(true);
  }

  #search(whole: boolean): void {
    this.search.value = { state: 'running', whole, searchedFrom: null, problem: null };
    void this.#run(whole || this.nearMs === null ? null : this.nearMs - NEAR_MS);
  }

  /** Takes what comes over the bus. */
  take(entry: Entry): void {
    if (this.#isOwn(entry)) this.#add(entry);
    // A piece of the log is gone: which of these it took is known by looking again.
    if (entry.type === 'gap') this.#search(this.search.value.whole);
  }

  /** Shows what was taken: called once for many. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const all = [...this.messages.value, ...this.#pending];
    this.#pending = [];
    this.messages.value = all.sort(inLogOrder).slice(-MAX_MESSAGES);
  }

  stop(): void {
    this.#stop.abort();
  }

  #isOwn(entry: Entry): entry is MessageEntry {
    return entry.type === 'message' && entry.message.correlation_id === this.correlationId;
  }

  #add(entry: MessageEntry): void {
    if (this.#known.has(entry.position)) return;
    this.#known.add(entry.position);
    this.#pending.push(entry);
  }

  async #run(sinceMs: number | null): Promise<void> {
    const query = new URLSearchParams({ correlation_id: this.correlationId });
    const unfound = new Map(this.messages.value.map(({ position, timeMs }) => [position, timeMs]));
    if (sinceMs !== null) query.set('since_ms', String(Math.max(0, Math.floor(sinceMs))));
    try {
      for await (const frames of this.#api.frames(`search?${query}`, this.#stop.signal))
        this.#takeFrames(frames, unfound);
      this.gone.value = [...unfound.values()].filter((timeMs) => timeMs >= (sinceMs ?? 0)).length;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.search.value = { ...this.search.value, state: 'failed', problem: (error as ApiError).message };
    }
  }

  /** @param unfound times of what was known before the search, by position: less what is found */
  #takeFrames(frames: readonly ConsoleFrame[], unfound: Map<string, number>): void {
    for (const frame of frames) {
      if (frame.type === 'end') {
        this.search.value = { ...this.search.value, state: 'done', searchedFrom: frame.searched_from };
      }
      const entry = toEntry(frame, 0);
      if (entry?.type !== 'message') continue;
      unfound.delete(entry.position);
      this.#add(entry);
    }
    this.flush();
  }
}

const inLogOrder = (a: MessageEntry, b: MessageEntry): number =>
  a.timeMs - b.timeMs || a.position.localeCompare(b.position, 'en', { numeric: true });

/** A row of the timeline: one message, or tokens of one task that came one after the other. */
export interface Hop {
  readonly key: string;
  readonly first: MessageEntry;
  readonly last: MessageEntry;
  readonly count: number;
  /** The tokens put together, where it is tokens. */
  readonly text: string | null;
}

const tokenOf = ({ message, kind }: MessageEntry): string | null => {
  const event = message.payload as TaskEvent | null;
  return kind === 'stream' && event?.type === 'token' ? event.token : null;
};

/** The messages as hops: a thousand tokens are one. */
export function hopsOf(messages: readonly MessageEntry[]): Hop[] {
  const hops: Hop[] = [];
  for (const message of messages) {
    const token = tokenOf(message);
    const before = hops.at(-1);
    if (token !== null && before?.text != null && before.last.message.channel === message.message.channel) {
      hops[hops.length - 1] = {
        ...before,
        last: message,
        count: before.count + 1,
        text: before.text + token,
      };
    } else hops.push({ key: message.position, first: message, last: message, count: 1, text: token });
  }
  return hops;
}

/** The tasks whose events are among them: where one can go back to. */
export function tasksOf(messages: readonly MessageEntry[]): { mad: TaskMad; taskId: string }[] {
  const tasks = new Map<string, { mad: TaskMad; taskId: string }>();
  for (const { kind, message } of messages) {
    const mad = TASK_MADS.find((name) => name === message.sender_id);
    if (kind !== 'stream' || mad === undefined) continue;
    const taskId = message.channel.slice('mad.stream.'.length);
    tasks.set(taskId, { mad, taskId });
  }
  return [...tasks.values()];
}

/** Whether the time that was sought lies before all that the log still has. */
export const beganLater = ({ searchedFrom }: Search, nearMs: number | null): boolean =>
  nearMs !== null && searchedFrom !== null && Date.parse(searchedFrom) > nearMs;

/** Fiedler's word that it has a plan. */
export const isPlan = ({ kind, message }: MessageEntry): boolean =>
  kind === 'stream' && (message.payload as TaskEvent | null)?.type === 'plan';
