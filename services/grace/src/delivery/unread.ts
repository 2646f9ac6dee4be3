/**
 * How much a connection owes its client while it takes nothing: what it holds unsent, and what came
 * for it since, waiting or dropped already. Anything that it takes makes the count begin anew, so a
 * client that reads slowly loses messages, with their count, but not its connection.
 */
export class Unread {
  #missedBytes = 0;
  #buffered = 0;
  #sinceMs = Number.NaN;

  /** A message came that the connection could not take. */
  missed(bytes: number): void {
    this.#missedBytes += bytes;
  }

  /** Looks at the connection, which holds so many bytes unsent, and gives what is owed in all. */
  look(buffered: number, nowMs: number): { readonly bytes: number; readonly forMs: number } {
    if (buffered < this.#buffered || Number.isNaN(this.#sinceMs)) {
      this.#missedBytes = 0;
      this.#sinceMs = nowMs;
    }
    this.#buffered = buffered;
    return { bytes: buffered + this.#missedBytes, forMs: nowMs - this.#sinceMs };
  }

  /** The connection has room. */
  reset(): void {
    this.#missedBytes = 0;
    this.#buffered = 0;
    this.#sinceMs = Number.NaN;
  }
}
