import type { Clock } from '@mad-group/protocol';
import type { BusStatus } from './bus.ts';

/** One thing that must work for the bus to be connected: a socket, or what it carries. */
export interface BusPart {
  away(reason: string): void;
  here(): void;
  /** It is no longer needed, and what becomes of it no longer counts. */
  end(): void;
}

/** Keeps a bus's status, connected where all of its parts are here, and tells of each change. */
export class BusState {
  readonly #clock: Clock;
  readonly #listeners = new Set<(status: BusStatus) => void>();
  /** Why parts are away, the one that went first before the others. */
  readonly #away = new Map<BusPart, string>();
  #status: BusStatus = { connected: false, sinceMs: null, reason: 'not started' };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get current(): BusStatus {
    return this.#status;
  }

  /** A new part; `reason` where it begins away. */
  part(reason?: string): BusPart {
    let ended = false;
    const part: BusPart = {
      away: (why) => {
        if (ended) return;
        this.#away.set(part, why);
        this.#judge();
      },
      here: () => {
        if (this.#away.delete(part)) this.#judge();
      },
      end: () => {
        ended = true;
        part.here();
      },
    };
    if (reason !== undefined) this.#away.set(part, reason);
    return part;
  }

  /** Returns what ends it. */
  subscribe(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** `sinceMs` stays null until a first connection, as the interface says. */
  #judge(): void {
    const was = this.#status;
    const [reason] = this.#away.values();
    if (reason === undefined) {
      if (!was.connected) this.#change({ connected: true, sinceMs: this.#clock.now() });
    } else if (was.connected) {
      this.#change({ connected: false, sinceMs: this.#clock.now(), reason });
    } else if (was.reason !== reason) {
      this.#change({ connected: false, sinceMs: was.sinceMs, reason });
    }
  }

  #change(status: BusStatus): void {
    this.#status = status;
    for (const listener of [...this.#listeners]) listener(status);
  }
}
