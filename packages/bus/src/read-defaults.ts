/** Entries looked at in one batch, where the reader does not say. */
export const DEFAULT_MAX_BATCH = 500;
/** Longest time between two batches, in milliseconds, where the reader does not say. */
export const DEFAULT_IDLE_MS = 1_000;
/** How long a call waits for a bus that is away, in milliseconds, where the caller does not say. */
export const DEFAULT_TIMEOUT_MS = 5_000;
/**
 * Entries that a repeated publish looks back over for its message id, at most. Others may have gone
 * on publishing while its own way to the bus was cut: this is three minutes of 500 a second.
 */
export const LOOK_BACK_ENTRIES = 100_000;
/** A message cannot be in the log from before it was made; clocks may differ by so much, in milliseconds. */
export const LOOK_BACK_SKEW_MS = 60_000;
