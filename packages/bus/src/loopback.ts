import type { BusPart } from './bus-state.ts';

/** How often the process says something to itself, in milliseconds. */
const LOOPBACK_INTERVAL_MS = 2_000;
/** Longest wait for Redis to take it, in milliseconds. */
const TAKE_TIMEOUT_MS = 4_000;

/** What those need who listen for the process's own voice. */
export interface LoopbackEar {
  /** The stream and the channel on which numbers come. */
  readonly key: string;
  /** The newest number that was sent. */
  readonly sent: number;
  /** The newest number that Redis has taken: whoever asks it from now on must find it. */
  readonly taken: number;
  /** Calls back with each number that was taken. Returns what ends it. */
  onTaken(listener: () => void): () => void;
  /** Says something now, unless it is under way. */
  say(): void;
  /** A new connection did not help a reader: what is published may go to another Redis. */
  rebuild(): void;
}

export interface LoopbackOptions {
  readonly key: string;
  /** Sends a number the way that messages go. Rejects when the time is over. */
  readonly send: (number: number, timeoutMs: number) => Promise<unknown>;
  /** Drops the connection over which numbers go out. */
  readonly rebuild: (reason: Error) => void;
  /** Why a number was not taken, in a few words. */
  readonly reason: () => string;
  readonly part: BusPart;
}

/**
 * The process hears itself through the bus. A socket that answers pings may still lead nowhere: to a
 * primary of yesterday, or into a Redis that takes no more. So a number goes out now and then by the
 * very script that messages take, into a stream of one entry beside the log, which every reader reads
 * in the same command as the log. The log itself stays free of it.
 */
export class Loopback implements LoopbackEar {
  readonly key: string;
  readonly #options: LoopbackOptions;
  readonly #listeners = new Set<() => void>();
  #sent = 0;
  #taken = 0;
  #underWay = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoopbackOptions) {
    this.key = options.key;
    this.#options = options;
  }

  get sent(): number {
    return this.#sent;
  }

  get taken(): number {
    return this.#taken;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.say(), LOOPBACK_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  onTaken(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  rebuild(): void {
    this.#options.rebuild(NOT_HEARD);
  }

  /** Says the next number, unless one is still under way. */
  say(): void {
    if (this.#underWay) return;
    this.#underWay = true;
    this.#sent += 1;
    const number = this.#sent;
    const { send, part, reason } = this.#options;
    send(number, TAKE_TIMEOUT_MS)
      .then(
        () => {
          this.#taken = number;
          part.here();
          for (const listener of [...this.#listeners]) listener();
        },
        () => part.away(reason()),
      )
      .finally(() => {
        this.#underWay = false;
      });
  }
}

/** For a connection that answers and does not carry what was published. */
export const NOT_HEARD = new Error('it answers, but what is published does not arrive');
