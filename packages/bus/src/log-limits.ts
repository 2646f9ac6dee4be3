/** What bounds the log; whichever is reached first cuts off its oldest entries. */
export interface LogLimits {
  /** Oldest entry that is kept, in milliseconds. */
  readonly maxAgeMs: number;
  /** Entries that are kept. */
  readonly maxLength: number;
  /** Memory that the log takes, in bytes, roughly. */
  readonly maxBytes: number;
}

export const DEFAULT_LOG_LIMITS: LogLimits = {
  maxAgeMs: 24 * 60 * 60 * 1000,
  maxLength: 1_000_000,
  maxBytes: 256 * 1024 * 1024,
};
