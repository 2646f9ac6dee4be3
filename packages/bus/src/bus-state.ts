import type { Clock } from '@mad-group/protocol';
import type { BusStatus } from './bus.ts';

/** Keeps a bus's status and tells of each change. */
export class BusState {
  readonly #clock: Clock;
  readonly #listeners = new Set<(status: BusStatus) => void>();
  #status: BusStatus = { connected: false, sinceMs: null, reason: 'not started' };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get current(): BusStatus {
    return this.#status;
  }

  connected(): void {
    if (this.#status.connected) return;
    this.#change({ connected: true, sinceMs: this.#clock.now() });
  }

  /** `sinceMs` stays null until a first connection, as the interface says. */
  away(reason: string): void {
    const was = this.#status;
    if (!was.connected && was.reason === reason) return;
    this.#change({ connected: false, sinceMs: was.connected ? this.#clock.now() : was.sinceMs, reason });
  }

  /** Returns what ends it. */
  subscribe(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #change(status: BusStatus): void {
    this.#status = status;
    for (const listener of [...this.#listeners]) listener(status);
  }
}
