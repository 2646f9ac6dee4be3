import { MadError } from '@mad-group/protocol';
import type Database from 'better-sqlite3';
import { corrupt } from './sqlite-errors.ts';

/**
 * One step of a database's shape. Steps are known by name, since a database may hold the steps of
 * several modules and each module adds its own over time. A published step never changes.
 */
export interface Migration {
  /** Unique, as `tasks-001`. */
  readonly name: string;
  readonly sql: string;
}

const JOURNAL = 'schema_migrations';

/**
 * Refuses a database that these migrations do not lead up to, from reading alone.
 *
 * @throws MadError `database_too_new` where it has a step that is not in the list,
 *   `database_corrupt` where it holds tables and no record of steps
 */
export function assertMigratable(
  connection: Database.Database,
  migrations: readonly Migration[],
  path: string,
): void {
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = appliedMigrations(connection).find((name) => !known.has(name));
  const version = Number(connection.pragma('user_version', { simple: true }));
  if (unknown !== undefined || version > migrations.length) {
    throw new MadError(
      'database_too_new',
      `The database at ${path} was written by a later version (${unknown ?? `version ${version}`}). Nothing was changed. Run that version, or restore a backup from before it.`,
    );
  }
  if (version === 0 && !hasJournal(connection)) {
    const table = connection.prepare<[], { name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table'",
    );
    const foreign = table.get();
    if (foreign) throw corrupt(path, `it holds a table '${foreign.name}' that this program did not make`);
  }
}

/** Applies what is missing, in the order of the list, all or nothing. Returns the names applied. */
export function migrate(connection: Database.Database, migrations: readonly Migration[]): string[] {
  const apply = connection.transaction(() => {
    connection.exec(
      `CREATE TABLE IF NOT EXISTS ${JOURNAL} (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT`,
    );
    const applied = new Set(appliedMigrations(connection));
    const record = connection.prepare<[string, string]>(`INSERT INTO ${JOURNAL} VALUES (?, ?)`);
    const missing = migrations.filter(({ name }) => !applied.has(name));
    for (const { name, sql } of missing) {
      connection.exec(sql);
      record.run(name, new Date().toISOString());
    }
    connection.pragma(`user_version = ${migrations.length}`);
    return missing.map(({ name }) => name);
  });
  return apply.immediate();
}

const hasJournal = (connection: Database.Database): boolean =>
  connection.prepare<[string]>('SELECT 1 FROM sqlite_schema WHERE name = ?').get(JOURNAL) !== undefined;

function appliedMigrations(connection: Database.Database): string[] {
  if (!hasJournal(connection)) return [];
  return connection
    .prepare<[], { name: string }>(`SELECT name FROM ${JOURNAL}`)
    .all()
    .map(({ name }) => name);
}
