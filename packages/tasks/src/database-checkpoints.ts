import { statSync } from 'node:fs';
import type { Logger } from '@mad-group/protocol';
import type Database from 'better-sqlite3';

const MIB = 1024 * 1024;
/** How often the size of the write-ahead log is looked at. */
const INTERVAL_MS = 1_000;
/**
 * How long readers are waited for, by the size of the log, largest first. Nothing else runs in that
 * time. It takes twice as long as one of them reads: those with an old view go first, then those
 * who came before all was checkpointed.
 */
const WAITS = [
  { fromBytes: 32 * MIB, waitMs: 1_000 },
  { fromBytes: 16 * MIB, waitMs: 250 },
] as const;
/**
 * The wait is made of short ones. SQLite waits for a reader's slot, not for its reader: another one
 * may take the slot with a new view, and only a new try sees that it is not in the way any more.
 */
const TRY_MS = 10;
/** After a wait in vain the next one comes after so many times its length. */
const REST_FACTOR = 5;
const WARN_BYTES = 64 * MIB;

export interface Checkpoints {
  /** Looks at the log once. */
  tend(): void;
  stop(): void;
}

/**
 * Keeps the write-ahead log small where someone always reads. SQLite's own checkpoints never wait,
 * and the log begins anew only in a moment without readers, so that readers who relieve each other
 * would let it grow for ever (https://sqlite.org/wal.html, "Avoiding excessively large WAL files").
 * Past a size this waits for those who read now, while newcomers read what is checkpointed. One
 * reader that stays within a single transaction cannot be passed by anyone: it is warned of.
 */
export function createCheckpoints(options: {
  readonly path: string;
  readonly connection: Database.Database;
  readonly log: Logger;
  /** Of the connection's other statements, in milliseconds. */
  readonly busyTimeoutMs: number;
}): Checkpoints {
  const { connection, log, busyTimeoutMs } = options;
  const walPath = `${options.path}-wal`;
  // Prepared once, and `exec` for the rest: each call of `pragma` leaves a statement behind that holds
  // memory until the garbage is next collected, which may be never.
  const checkpoint = connection.prepare<[], { busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
  const waitAtMost = (ms: number): unknown => connection.exec(`PRAGMA busy_timeout = ${ms}`);
  let warned = false;
  let restUntilMs = 0;

  function checkpointWithin(waitMs: number): boolean {
    const endMs = performance.now() + waitMs;
    do {
      if (checkpoint.get()?.busy === 0) return true;
    } while (performance.now() < endMs);
    return false;
  }

  function walBytes(): number {
    try {
      return statSync(walPath, { throwIfNoEntry: false })?.size ?? 0;
    } catch (error) {
      log.debug({ err: error }, 'The write-ahead log cannot be looked at');
      return 0;
    }
  }

  function tend(): void {
    const bytes = walBytes();
    const step = WAITS.find(({ fromBytes }) => bytes >= fromBytes);
    if (!step) {
      warned = false;
      return;
    }
    if (performance.now() < restUntilMs) return;
    try {
      waitAtMost(TRY_MS);
      if (!checkpointWithin(step.waitMs)) restUntilMs = performance.now() + REST_FACTOR * step.waitMs;
    } catch (error) {
      // A full or read-only disk: whoever writes is told, and the next look tries again.
      log.debug({ err: error }, 'The write-ahead log cannot be checkpointed');
    } finally {
      waitAtMost(busyTimeoutMs);
    }
    if (bytes < WARN_BYTES || warned) return;
    warned = true;
    log.warn(
      { path: walPath, bytes },
      'The write-ahead log grows: someone has the database open in one long transaction, a backup perhaps',
    );
  }

  const timer = setInterval(tend, INTERVAL_MS);
  timer.unref();
  return { tend, stop: () => clearInterval(timer) };
}
