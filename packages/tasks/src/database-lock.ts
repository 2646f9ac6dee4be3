import { MadError } from '@mad-group/protocol';
import Database from 'better-sqlite3';

export interface DatabaseLock {
  /** Idempotent. */
  release(): void;
}

/**
 * Keeps a second process out of the database: an exclusive SQLite transaction on `{path}.lock`,
 * held for as long as the database is open. It is a lock of the kernel's, so it goes with its
 * process, however that ends; the file that stays behind means nothing.
 *
 * @param waitMs how long to wait for a process that is just ending
 * @throws MadError `database_locked`
 */
export function lockDatabase(path: string, waitMs: number): DatabaseLock {
  const holder = new Database(`${path}.lock`, { timeout: waitMs });
  try {
    holder.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    holder.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new MadError(
        'database_locked',
        `Another process has the database at ${path} open. Stop that process, or set DATA_DIR to another directory.`,
        { cause: error },
      );
    }
    throw error;
  }
  return {
    release() {
      if (holder.open) holder.close();
    },
  };
}
