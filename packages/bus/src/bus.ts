import type { Envelope, Position } from '@mad-group/protocol';

/** An entry of the log, or word of a piece of it that is gone. In log order, each once. */
export type LogItem =
  | {
      readonly kind: 'message';
      readonly envelope: Envelope & { readonly position: Position };
      /** Published without the log, by a first-generation client, and taken up later. */
      readonly foreign: boolean;
    }
  | {
      readonly kind: 'gap';
      /** `trimmed`: both ends are known. `epoch`: the log began anew, the size is unknown. */
      readonly reason: 'trimmed' | 'epoch';
      readonly from: Position;
      /** The oldest place that can still be read. */
      readonly to: Position;
    };

export interface LogBatch {
  readonly items: readonly LogItem[];
  /** Read on from here. It moves past entries that the patterns left out, too. */
  readonly position: Position;
  /** Nothing was behind this batch when it was read. */
  readonly caughtUp: boolean;
}

export interface ReadOptions {
  /** What the reader does, where its place is worth watching: a label in metrics. */
  readonly name?: string;
  /** `start`: the oldest entry there is. `end`: what comes from now on. A position: what is behind it. */
  readonly from: Position | 'start' | 'end';
  /** Channels, prefixes with a trailing `*`, or `mad.#`. Read again at each batch, so it may change. */
  readonly patterns: () => Iterable<string>;
  readonly signal: AbortSignal;
  /** Entries looked at in one batch, at most. Default 500. */
  readonly maxBatch?: number;
  /**
   * Longest time between two batches, in milliseconds; an empty batch comes where nothing else did,
   * so that a reader can do what is due and knows that it has caught up. Default 1,000.
   */
  readonly idleMs?: number;
}

/**
 * Entries by another word than a position. `sinceMs`: those from a time on, in milliseconds since 1970,
 * by the log's own clock. `newest`: so many before its end.
 */
export type PlaceSought = { readonly sinceMs: number } | { readonly newest: number };

/** Where entries that were sought stand in the log. */
export interface LogPlace {
  /** Just before the first of them, to be read from; the log's end where there is none. */
  readonly position: Position;
  /** Where some of them may have been trimmed: the oldest place that can still be read. */
  readonly trimmedTo: Position | null;
}

export interface PublishOptions {
  /** How long to wait for a bus that is away, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** The same message may have been sent before: look for its id in the log first. */
  readonly retry?: boolean;
}

export interface BusStatus {
  /** All of it works: what is published is taken, and every reader hears it. */
  readonly connected: boolean;
  /** When it came to be so, in milliseconds since 1970; null before the first connection. */
  readonly sinceMs: number | null;
  /** Why it is away, in a few words. */
  readonly reason?: string;
}

/** Small values with an end of life, beside the log: what a gateway keeps of its clients. */
export interface KeyValueStore {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
}

/**
 * The conversation bus: a log that our own consumers read by position, and live channels for
 * others. `redis` and `memory` keep the same contract; one conformance suite runs on both. A plain
 * object: whoever adds to a part of it spreads the rest.
 */
export interface Bus {
  readonly kind: 'redis' | 'memory';
  readonly kv: KeyValueStore;

  /** Begins to connect and goes on trying until it is stopped. Resolves at once. */
  start(): Promise<void>;
  /** Ends readers and connections. Idempotent. */
  stop(): Promise<void>;

  /**
   * Appends to the log and publishes on the channel, both or neither. A lost reply is tried again
   * within `timeoutMs` and makes one entry.
   *
   * @throws MadError `payload_too_large` past 256 KiB, before anything is sent; `bus_unavailable` when
   *   the time is over: then it may be in the log, or not, and `retry` finds out
   */
  publish(envelope: Envelope, options?: PublishOptions): Promise<Position>;

  /** Reads the log from a position on, across outages, until the signal aborts; then it ends. */
  read(options: ReadOptions): AsyncIterable<LogBatch>;

  /**
   * One batch behind a position, without waiting for more.
   *
   * @throws MadError `bus_unavailable` where the bus is away for 5 s
   */
  readOnce(options: Omit<ReadOptions, 'signal' | 'idleMs'>): Promise<LogBatch>;

  /**
   * Finds where to begin to read, without reading what lies before.
   *
   * @throws MadError `bus_unavailable` where the bus is away for 5 s
   */
  findPlace(sought: PlaceSought): Promise<LogPlace>;

  /**
   * Takes up what others publish on `mad.*` without a position: appends it to the log, marked as
   * foreign. Runs until the signal aborts; one reader in a group does this.
   */
  adoptForeign(signal: AbortSignal): Promise<void>;

  /**
   * The newest entry of the log that is known here, whoever published it: of now in `memory`, within
   * 2 s in `redis` while it is connected. Null before the bus was first seen.
   */
  head(): Position | null;

  status(): BusStatus;
  /** Calls back at each change. Returns what ends it. */
  onStatus(listener: (status: BusStatus) => void): () => void;
}
