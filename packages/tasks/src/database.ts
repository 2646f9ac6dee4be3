import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '@mad-group/protocol';
import Database from 'better-sqlite3';
import { createCheckpoints } from './database-checkpoints.ts';
import { type Footprint, readFootprint } from './database-footprint.ts';
import { lockDatabase } from './database-lock.ts';
import { createGroupCommit, type GroupCommit } from './group-commit.ts';
import { assertMigratable, type Migration, migrate } from './migrations.ts';
import { corrupt, explainDatabaseError } from './sqlite-errors.ts';

export type { Statement } from 'better-sqlite3';

/** How long a statement waits for another connection's lock. */
const BUSY_TIMEOUT_MS = 5_000;
/** A write-ahead log that grew past this is cut back when it begins anew. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/** How long a check's answer is given again, in milliseconds: each one writes and syncs the disk. */
const CHECK_KEPT_MS = { good: 5_000, bad: 1_000 };
/**
 * A file up to this size is searched for damage at each start: a second or two at most. Past it the
 * search may outlast whoever waits for the start, who would end it and begin it anew for ever.
 */
const MAX_SEARCHED_BYTES = 256 * 1024 * 1024;

/** Prepared statements and transactions. All of it is synchronous; writes belong in a transaction. */
export interface Connection {
  prepare<Parameters extends unknown[] | object = unknown[], Row = unknown>(
    sql: string,
  ): Database.Statement<Parameters, Row>;
  /** Runs the work in a write transaction, or behind a savepoint where one is open. A throw undoes it. */
  transaction<T>(work: () => T): T;
  /** Runs reads together: they see the database at one moment, and lock it once. */
  read<T>(work: () => T): T;
  /**
   * Runs the work in a transaction that it may share with other works of the same moment; resolves
   * when that is committed. The work is synchronous; where it throws, it alone is undone.
   */
  commit<T>(work: () => T): Promise<T>;
}

/**
 * A service's SQLite file, open in this process alone. Each commit is synced to the disk
 * (`synchronous=FULL`).
 */
export interface StateDatabase extends Connection {
  readonly path: string;
  /**
   * The same with transactions of `synchronous=NORMAL`: a commit survives the process and may be lost
   * with the machine's power. A later commit of the other kind makes it durable too.
   */
  readonly relaxed: Connection;
  /** `OK`, or what is wrong. Writes to the disk to find out, and gives the same answer for some seconds. */
  check(): string;
  footprint(): Promise<Footprint>;
  /** Commits what is waiting, and lets go of the file. Idempotent. */
  close(): void;
}

export interface OpenDatabaseOptions {
  readonly path: string;
  readonly log: Logger;
  readonly migrations: readonly Migration[];
  /** How long to wait for a process that is just ending, in milliseconds. Default 500. */
  readonly lockWaitMs?: number;
  /** Largest file that is searched for damage, in bytes. Default 256 MiB. */
  readonly maxSearchedBytes?: number;
  /** Told of each write transaction, how long it took, its wait for the disk included. */
  readonly onWrite?: OnWrite;
}

/** Whether a transaction's commit waits for the disk. */
export type Durability = 'synced' | 'relaxed';
type OnWrite = (durability: Durability, durationMs: number) => void;
const SYNCHRONOUS = { synced: 'FULL', relaxed: 'NORMAL' } as const satisfies Record<Durability, string>;

/**
 * Opens the database, makes it and its directory where there are none, and brings it to the newest
 * shape. A database that is refused is not written to.
 *
 * @throws MadError `database_locked`, `database_too_new`, `database_corrupt`, `database_unavailable`
 */
export function openDatabase(options: OpenDatabaseOptions): StateDatabase {
  try {
    return open(options);
  } catch (error) {
    throw explainDatabaseError(error, options.path);
  }
}

function open(options: OpenDatabaseOptions): StateDatabase {
  const { path, log, migrations, lockWaitMs = 500, maxSearchedBytes = MAX_SEARCHED_BYTES } = options;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Prompts are nobody else's business. SQLite gives its other files the mode of the first.
  closeSync(openSync(path, 'a', 0o600));
  const lock = lockDatabase(path, lockWaitMs);
  let connection: Database.Database | undefined;
  let stopCheckpoints = (): void => undefined;
  const release = (): void => {
    stopCheckpoints();
    try {
      connection?.close();
    } finally {
      lock.release();
    }
  };
  try {
    finishRollback(path);
    inspect(path, migrations, maxSearchedBytes);
    connection = connect(path);
    const applied = migrate(connection, migrations);
    stopCheckpoints = createCheckpoints({ path, connection, log, busyTimeoutMs: BUSY_TIMEOUT_MS }).stop;
    log.info(
      { path, applied, migrations: migrations.length },
      `Initialized SQLite state database at ${path}`,
    );
    return stateDatabase(path, connection, release, options.onWrite ?? (() => undefined));
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Rolls back what a loss of power cut short before the database had a write-ahead log, as any opening
 * for writing does: until then it cannot be read, not even to be refused.
 */
function finishRollback(path: string): void {
  if (!existsSync(`${path}-journal`)) return;
  const writer = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    writer.pragma('schema_version');
  } finally {
    writer.close();
  }
}

/** Looks at an existing file through a connection that cannot write, so that a refusal changes nothing. */
function inspect(path: string, migrations: readonly Migration[], maxSearchedBytes: number): void {
  const { size } = statSync(path);
  if (size === 0) return;
  const reader = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    if (size <= maxSearchedBytes) {
      const found = String(reader.pragma('quick_check(1)', { simple: true }));
      if (found !== 'ok') throw corrupt(path, found);
    }
    assertMigratable(reader, migrations, path);
  } finally {
    reader.close();
  }
}

function connect(path: string): Database.Database {
  const connection = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
  connection.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
  return connection;
}

function stateDatabase(
  path: string,
  connection: Database.Database,
  release: () => void,
  onWrite: OnWrite,
): StateDatabase {
  const { durable, relaxed, flush } = transactingOn(connection, onWrite);
  const userVersion = connection.prepare('PRAGMA user_version').pluck();
  const inode = statSync(path).ino;
  let checked = { answer: '', untilMs: Number.NEGATIVE_INFINITY };

  function checkNow(): string {
    try {
      // Writing the version over itself is the smallest commit that reaches the disk.
      const version = Number(userVersion.get());
      durable.transaction(() => connection.exec(`PRAGMA user_version = ${version}`));
      return statSync(path).ino === inode ? 'OK' : `${path} was replaced while it was open`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  return {
    ...durable,
    path,
    relaxed,
    check() {
      if (performance.now() < checked.untilMs) return checked.answer;
      const answer = checkNow();
      const keptMs = answer === 'OK' ? CHECK_KEPT_MS.good : CHECK_KEPT_MS.bad;
      checked = { answer, untilMs: performance.now() + keptMs };
      return answer;
    },
    footprint: () => readFootprint(path),
    close() {
      if (!connection.open) return;
      try {
        flush();
        connection.pragma('wal_checkpoint(TRUNCATE)');
      } finally {
        // What could not be checkpointed, as on a full disk, is in the write-ahead log all the same.
        release();
      }
    },
  };
}

/**
 * One connection for both kinds of transaction, since each commit of one connection makes another
 * one forget all the pages that it holds. SQLite refuses to change the kind within a transaction.
 */
function transactingOn(
  connection: Database.Database,
  onWrite: OnWrite,
): {
  durable: Connection;
  relaxed: Connection;
  /** Commits what is waiting. */
  flush(): void;
} {
  const run = connection.transaction((work: () => unknown) => work());
  let current: Durability = 'synced';
  const groups: GroupCommit[] = [];

  function transacting(durability: Durability): Connection {
    const transaction = <T>(work: () => T): T => {
      if (current !== durability) connection.exec(`PRAGMA synchronous = ${SYNCHRONOUS[durability]}`);
      current = durability;
      // A savepoint is part of the transaction that it stands in.
      if (connection.inTransaction) return run.immediate(work) as T;
      const startedMs = performance.now();
      const result = run.immediate(work) as T;
      onWrite(durability, performance.now() - startedMs);
      return result;
    };
    const group = createGroupCommit(transaction, () => connection.inTransaction);
    groups.push(group);
    return {
      prepare: <Parameters extends unknown[] | object, Row>(sql: string) =>
        connection.prepare<Parameters, Row>(sql) as Database.Statement<Parameters, Row>,
      transaction,
      read: <T>(work: () => T) => run.deferred(work) as T,
      commit: group.run,
    };
  }

  return {
    relaxed: transacting('relaxed'),
    durable: transacting('synced'),
    flush() {
      for (const group of groups) group.flush();
    },
  };
}
