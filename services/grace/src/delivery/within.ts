/** Resolves when the work ends (never rejects for it), after `timeoutMs`, or when the signal aborts. */
export function within(work: Promise<unknown> | null, timeoutMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    signal.addEventListener('abort', done);
    work?.then(done, done);
    if (signal.aborted) done();
  });
}
