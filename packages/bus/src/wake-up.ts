/** Lets many wait for one event, each with its own patience. */
export class WakeUp {
  readonly #waiting = new Set<() => void>();

  /** Ends every wait that has begun. */
  wake(): void {
    for (const end of [...this.#waiting]) end();
  }

  /** Resolves at the next `wake`, after `timeoutMs`, or when the signal aborts, whatever is first. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, Math.max(0, timeoutMs));
      this.#waiting.add(end);
      signal?.addEventListener('abort', end);
    });
  }
}
