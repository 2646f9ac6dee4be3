/** Aborts its signal when it was armed and nobody came back in time. */
export function createWatchdog() {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    get expired(): boolean {
      return controller.signal.aborted;
    },
    /** Begins to wait, at most `timeoutMs` milliseconds. */
    arm(timeoutMs: number): void {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), timeoutMs);
    },
    /** Stops waiting. */
    disarm(): void {
      clearTimeout(timer);
    },
  };
}
