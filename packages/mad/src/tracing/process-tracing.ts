import type { Tracing } from '@mad-group/protocol/tracing';

/** How the MADs of a process trace. */
export interface ProcessTracing {
  /** For the MAD of this id; undefined where tracing is off. */
  of(madId: string): Tracing | undefined;
  /** Sends what waits, at most so long, in milliseconds. */
  stop(options: { timeoutMs: number }): Promise<void>;
}
