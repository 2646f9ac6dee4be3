/** Entries looked at in one batch, where the reader does not say. */
export const DEFAULT_MAX_BATCH = 500;
/** Longest time between two batches, in milliseconds, where the reader does not say. */
export const DEFAULT_IDLE_MS = 1_000;
/** How long a call waits for a bus that is away, in milliseconds, where the caller does not say. */
export const DEFAULT_TIMEOUT_MS = 5_000;
/** Entries that a repeated publish looks back over for its message id. */
export const LOOK_BACK_ENTRIES = 10_000;
