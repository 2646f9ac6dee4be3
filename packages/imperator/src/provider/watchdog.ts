export interface Watchdog {
  readonly signal: AbortSignal;
  readonly expired: boolean;
  /** Begins to wait, at most `timeoutMs` milliseconds. */
  arm(timeoutMs: number): void;
  /** Stops waiting. */
  disarm(): void;
}

/** Aborts its signal when it was armed and nobody came back in time. */
export function createWatchdog(): Watchdog {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    get expired() {
      return controller.signal.aborted;
    },
    arm(timeoutMs) {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), timeoutMs);
    },
    disarm() {
      clearTimeout(timer);
    },
  };
}
