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

  /** Whether there is something to tell: a message, or the loss of one. */
  get hasNews(): boolean {
    return this.#messages.length > 0 || this.#dropped > 0;
  }

  /** Adds a message; true where the oldest had to make room for it. */
  put(message: SharedMessage): boolean {
    this.#pool.hold(message);
    this.#messages.push(message);
    if (this.#messages.length <= QUEUE_LENGTH) return false;
    this.#pool.release(this.#messages.shift() as SharedMessage);
    this.#dropped += 1;
    return true;
  }

  /**
   * Takes the oldest messages, up to `maxBytes` of JSON but always one, and the count of what was
   * lost before the first of them.
   */
  take(maxBytes: number): { messages: SharedMessage[]; dropped: number } {
    const messages: SharedMessage[] = [];
    let bytes = 0;
    let taken = 0;
    for (const message of this.#messages) {
      if (messages.length > 0 && bytes + message.bytes > maxBytes) break;
      taken += 1;
      if (message.envelope === null) {
        this.#dropped += 1;
      } else {
        messages.push(message);
        bytes += message.bytes;
      }
    }
    for (const message of this.#messages.splice(0, taken)) this.#pool.release(message);
    const dropped = this.#dropped;
    this.#dropped = 0;
    return { messages, dropped };
  }

  /** Forgets everything, counts included: the client goes on by position. */
  clear(): void {
    for (const message of this.#messages) this.#pool.release(message);
    this.#messages = [];
    this.#dropped = 0;
  }
}
