import type { MessagePool, SharedMessage } from './shared-message.ts';

/** Messages that wait for a client, at most. The oldest goes first, and is counted. */
export const QUEUE_LENGTH = 100;

/** What waits for one client. Taken and dropped together are all that was ever put in. */
export class ClientQueue {
  readonly #pool: MessagePool;
  #messages: SharedMessage[] = [];
  #dropped = 0;

  constructor(pool: MessagePool) {
    this.#pool = pool;
  }

  get length(): number {
    return this.#messages.length;
  }

  /** How many messages were lost before {@link first}, since {@link takeDropped}. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether there is something to tell: a message, or the loss of one. */
  get hasNews(): boolean {
    return this.#messages.length > 0 || this.#dropped > 0;
  }

  /** Adds a message; true where it cost another one: the oldest had to make room for it. */
  put(message: SharedMessage): boolean {
    this.#pool.hold(message);
    this.#messages.push(message);
    if (this.#messages.length <= QUEUE_LENGTH) return false;
    const oldest = this.#messages.shift() as SharedMessage;
    this.#pool.release(oldest);
    this.#dropped += 1;
    // What the pool has let go of was lost before.
    return oldest.frame !== null;
  }

  /** The oldest message that the pool has not let go of; it stays until {@link shift}. */
  first(): SharedMessage | undefined {
    for (let first = this.#messages[0]; first; first = this.#messages[0]) {
      if (first.frame !== null) return first;
      this.shift();
      this.#dropped += 1;
    }
    return undefined;
  }

  /** Takes the oldest message away. */
  shift(): void {
    const first = this.#messages.shift();
    if (first) this.#pool.release(first);
  }

  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /**
   * Takes the oldest messages, up to `maxBytes` of JSON but always one, and the count of what was
   * lost before the first of them.
   */
  take(maxBytes: number): { messages: SharedMessage[]; dropped: number } {
    const messages: SharedMessage[] = [];
    let bytes = 0;
    for (let next = this.first(); next; next = this.first()) {
      if (messages.length > 0 && bytes + next.bytes > maxBytes) break;
      messages.push(next);
      bytes += next.bytes;
      this.shift();
    }
    return { messages, dropped: this.takeDropped() };
  }

  /** Forgets everything, counts included: the client goes on by position. */
  clear(): void {
    for (const message of this.#messages) this.#pool.release(message);
    this.#messages = [];
    this.#dropped = 0;
  }
}
