import type { Logger } from '@mad-group/protocol';

/** The part of `process` that a shutdown needs. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}

export interface ShutdownOptions {
  /** Longest time that stopping may take, in milliseconds; then the process ends with 1. */
  readonly deadlineMs: number;
  readonly log: Logger;
  readonly process?: SignalSource;
}

/** 128 and the signal's number, as shells report it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type Handled = keyof typeof EXIT_CODES;

/**
 * Stops on the first SIGTERM or SIGINT, within the deadline, and ends the process with 0; a second
 * signal ends it at once. Returns what takes the handlers off again.
 */
export function onShutdown(stop: () => Promise<void>, options: ShutdownOptions): () => void {
  const { deadlineMs, log } = options;
  const source = options.process ?? process;
  let stopping = false;

  function onSignal(signal: NodeJS.Signals): void {
    if (stopping) {
      source.exit(EXIT_CODES[signal as Handled]);
      return;
    }
    stopping = true;
    log.info({ signal, deadline_ms: deadlineMs }, 'Stopping; once more to stop at once');
    const timer = setTimeout(() => {
      log.error({ deadline_ms: deadlineMs }, 'Not stopped within the deadline');
      source.exit(1);
    }, deadlineMs);
    stop().then(
      () => {
        clearTimeout(timer);
        log.info({}, 'Stopped');
        source.exit(0);
      },
      (error) => {
        clearTimeout(timer);
        log.error({ err: error }, 'Stopping failed');
        source.exit(1);
      },
    );
  }

  const signals = Object.keys(EXIT_CODES) as Handled[];
  for (const signal of signals) source.on(signal, onSignal);
  return () => {
    for (const signal of signals) source.off(signal, onSignal);
  };
}
