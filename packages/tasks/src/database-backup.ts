import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { MadError } from '@mad-group/protocol';
import Database from 'better-sqlite3';
import { lockDatabase } from './database-lock.ts';
import { explainDatabaseError } from './sqlite-errors.ts';

/** Pages copied before others in this process have their turn. */
const PAGES_A_TURN = 10_000;
const BUSY_TIMEOUT_MS = 5_000;
const LOCK_WAIT_MS = 500;
const STATE_FILE = /^(.+)_state\.db$/;

/** Where a MAD keeps its state. */
export const stateDatabasePath = (dataDir: string, madId: string): string =>
  join(dataDir, `${madId}_state.db`);

/** The MADs that have a database in this directory. */
export function madsWithState(dataDir: string): string[] {
  if (!statSync(dataDir, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(dataDir).flatMap((file) => STATE_FILE.exec(file)?.[1] ?? []);
}

/**
 * Copies a database to a new file that is whole in itself, whoever has it open. It is the state of
 * one moment: SQLite's online backup, within one read transaction, so that no write in the meantime
 * begins it anew. Nothing is written to the database. Returns the size of the copy, in bytes.
 *
 * @throws MadError `conflict` where there is such a file, `not_found` where there is no database,
 *   `database_corrupt`, `database_unavailable`
 */
export async function backupDatabase(path: string, target: string): Promise<number> {
  if (exists(target)) throw new MadError('conflict', `${target} is there already. Give another name.`);
  assertThere(path);
  const part = `${target}.part`;
  try {
    rmSync(part, { force: true });
    await copy(path, part);
    // Not a rename: nobody may have made the file in the meantime.
    linkSync(part, target);
    syncDirectory(target);
    return statSync(target).size;
  } catch (error) {
    throw explainDatabaseError(error, path);
  } finally {
    rmSync(part, { force: true });
  }
}

/**
 * Puts a backup in the place of a database. What was there is kept beside it under another name,
 * which is returned; null where there was nothing.
 *
 * @throws MadError `database_locked` while a process has it open, `conflict` over data without
 *   `force`, `not_found`, `database_corrupt` where the backup is none
 */
export async function restoreDatabase(
  source: string,
  path: string,
  { force, now = new Date() }: { readonly force: boolean; readonly now?: Date },
): Promise<string | null> {
  assertThere(source);
  if (resolve(source) === resolve(path)) {
    throw new MadError('conflict', `${source} is the database itself, not a backup of it.`);
  }
  const modules = modulesOf(source);
  const fresh = `${path}.restoring`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = lockDatabase(path, LOCK_WAIT_MS);
  try {
    const live = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
    if (live && !force) {
      throw new MadError(
        'conflict',
        `${path} holds data, and nothing was changed. --force replaces it; what is there is kept beside it.`,
      );
    }
    rmSync(fresh, { force: true });
    await copy(source, fresh);
    const present = live ? readableModules(path) : null;
    if (present && present.join() !== modules.join()) {
      throw new MadError(
        'conflict',
        `${source} holds ${modules.join(' and ')}, and ${path} holds ${present.join(' and ')}: it is a backup of another MAD.`,
      );
    }
    const kept = live ? `${path}.replaced-${now.toISOString().replaceAll(/[:.]/g, '-')}` : null;
    // The old file has two names until the new one takes the first: at no moment is there none.
    if (kept) linkSync(path, kept);
    if (exists(`${path}-wal`)) renameSync(`${path}-wal`, `${kept ?? `${path}.stray`}-wal`);
    rmSync(`${path}-shm`, { force: true });
    renameSync(fresh, path);
    syncDirectory(path);
    return kept;
  } catch (error) {
    throw explainDatabaseError(error, path);
  } finally {
    rmSync(fresh, { force: true });
    lock.release();
  }
}

/** Copies a database and makes of the copy one file, checked and on the disk. */
async function copy(path: string, target: string): Promise<void> {
  const reader = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM sqlite_schema').get();
    await reader.backup(target, { progress: () => PAGES_A_TURN });
  } finally {
    reader.close();
  }
  chmodSync(target, 0o600);
  const written = new Database(target);
  try {
    written.pragma('journal_mode = DELETE');
    assertSound(written, path);
  } finally {
    written.close();
  }
  sync(target);
}

/** The modules whose steps of migration it has, as `tasks`: what it is a database of. */
function modulesOf(path: string): string[] {
  let reader: Database.Database | undefined;
  try {
    reader = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
    const steps = reader.prepare<[], { name: string }>('SELECT name FROM schema_migrations').all();
    return [...new Set(steps.map(({ name }) => name.replace(/-\d+$/, '')))].sort();
  } catch (error) {
    throw new MadError('database_corrupt', `${path} is no backup of a MAD: ${(error as Error).message}.`, {
      cause: error,
    });
  } finally {
    reader?.close();
  }
}

/** Null where it is damaged: there is nothing to compare with then. */
function readableModules(path: string): string[] | null {
  try {
    return modulesOf(path);
  } catch (error) {
    if (error instanceof MadError && error.code === 'database_corrupt') return null;
    throw error;
  }
}

function assertSound(database: Database.Database, path: string): void {
  const found = String(database.pragma('integrity_check(1)', { simple: true }));
  if (found !== 'ok')
    throw new MadError('database_corrupt', `${path} is damaged: ${found}. Nothing was changed.`);
}

function assertThere(path: string): void {
  if (!exists(path)) throw new MadError('not_found', `There is no file ${path}.`);
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

/** A new name is on the disk once its directory is. */
const syncDirectory = (path: string): void => sync(dirname(resolve(path)));
