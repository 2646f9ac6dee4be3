import type { Caller, ClientConnection, Position } from '@mad-group/protocol';
import { ClientQueue } from '../delivery/client-queue.ts';
import { type Gap, mergeGaps } from '../delivery/gaps.ts';
import type { MessagePool } from '../delivery/shared-message.ts';

export interface ClientDraft {
  readonly id: string;
  /** The caller that first used the id. */
  readonly owner: Caller;
  readonly patterns: Iterable<string>;
  /** Everything up to here was handed over; null where the client begins with what comes. */
  readonly handed: Position | null;
  readonly pool: MessagePool;
}

/** One client of the gateway: what it subscribed to, what waits for it, how far it has come. */
export class Client {
  readonly id: string;
  /** With the scopes it had at its last call. */
  owner: Caller;
  readonly patterns: Set<string>;
  readonly queue: ClientQueue;
  /** Lost pieces of the log that the client has not been told of. */
  gaps: Gap[] = [];
  /** Everything up to here was polled or pushed. */
  handed: Position | null;
  /** The client polls by position: the log is its queue, and nothing is kept for it here. */
  byPosition = false;
  /** Where its messages go as they come. */
  push: ClientConnection | null = null;
  lastUsedMs = 0;
  /** When its record was last written, in milliseconds since 1970. */
  savedMs = 0;
  /** Something of its record changed since. */
  unsaved = false;
  readonly #waiters = new Set<() => void>();

  constructor(draft: ClientDraft) {
    this.id = draft.id;
    this.owner = draft.owner;
    this.patterns = new Set(draft.patterns);
    this.handed = draft.handed;
    this.queue = new ClientQueue(draft.pool);
  }

  get hasNews(): boolean {
    return this.queue.hasNews || this.gaps.length > 0;
  }

  addGap(gap: Gap): void {
    this.gaps = mergeGaps([...this.gaps, gap]);
  }

  takeGaps(): Gap[] {
    const gaps = this.gaps;
    this.gaps = [];
    return gaps;
  }

  /** Forgets what waits; the client goes on behind `position`. */
  moveTo(position: Position | null): void {
    this.queue.clear();
    this.gaps = [];
    this.handed = position;
  }

  /** Ends every {@link changed}. */
  wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  /** Resolves at the next {@link wake}, after `timeoutMs`, or when the signal aborts. */
  changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(done);
      if (signal.aborted) done();
      else signal.addEventListener('abort', done);
    });
  }
}
