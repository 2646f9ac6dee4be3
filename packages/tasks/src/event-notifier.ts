export interface EventNotifier {
  notify(task: number): void;
  /**
   * Resolves at the task's next event, when the time is over, when the signal aborts, or at `close`.
   * Look at the store and call this without an `await` in between, and no event slips through.
   */
  next(
    task: number,
    options: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Wakes every reader for good. */
  close(): void;
  closed(): boolean;
}

/** Wakes readers that wait for a task's events, so that nobody asks the database in a loop. */
export function createEventNotifier(): EventNotifier {
  const waiting = new Map<number, Set<() => void>>();
  let closed = false;

  function wake(task: number): void {
    const wakers = waiting.get(task);
    if (!wakers) return;
    waiting.delete(task);
    for (const waker of wakers) waker();
  }

  return {
    notify: wake,
    next(task, { timeoutMs, signal }) {
      if (closed || signal?.aborted || timeoutMs === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = timeoutMs === undefined ? undefined : setTimeout(leave, timeoutMs);
        function done(): void {
          clearTimeout(timer);
          signal?.removeEventListener('abort', leave);
          resolve();
        }
        function leave(): void {
          const wakers = waiting.get(task);
          wakers?.delete(done);
          if (wakers?.size === 0) waiting.delete(task);
          done();
        }
        const wakers = waiting.get(task) ?? new Set();
        waiting.set(task, wakers.add(done));
        signal?.addEventListener('abort', leave, { once: true });
      });
    },
    close() {
      closed = true;
      for (const task of [...waiting.keys()]) wake(task);
    },
    closed: () => closed,
  };
}
