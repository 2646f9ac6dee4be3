import { MadError } from '@mad-group/protocol';
import Database from 'better-sqlite3';

/** Whether SQLite itself failed, as with a full disk; such a write may succeed later. */
export const isSqliteError = (error: unknown): error is InstanceType<typeof Database.SqliteError> =>
  error instanceof Database.SqliteError;

/** A SQLite or file error at this path in words that say what to do. Other errors come back as they are. */
export function explainDatabaseError(error: unknown, path: string): unknown {
  if (error instanceof MadError) return error;
  if (isSqliteError(error)) {
    const { code, message } = error;
    if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return corrupt(path, message, error);
    return unavailable(path, `${message} (${code})`, error);
  }
  if (isFileError(error)) return unavailable(path, error.message, error);
  return error;
}

export const corrupt = (path: string, detail: string, cause?: unknown): MadError =>
  new MadError(
    'database_corrupt',
    `The database at ${path} cannot be read: ${oneLine(detail)}. Nothing was changed. Restore it from a backup, or move it away to begin with an empty one.`,
    { cause },
  );

/** SQLite's checks answer in several lines, the first of which only says where. */
const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');

const unavailable = (path: string, detail: string, cause: unknown): MadError =>
  new MadError(
    'database_unavailable',
    `The database at ${path} cannot be written: ${detail}. Check the disk's free space and the permissions of its directory.`,
    { cause },
  );

const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && 'syscall' in error;
