import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { silentLogger } from '@mad-group/protocol';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { backupDatabase, madsWithState, restoreDatabase, stateDatabasePath } from './database-backup.ts';
import { temporaryPath } from './testing/test-runner.ts';

const migrations = [{ name: 'tasks-001', sql: 'CREATE TABLE pairs (a INTEGER, b INTEGER) STRICT' }];
const open = (path: string) => openDatabase({ path, log: silentLogger, migrations, lockWaitMs: 0 });

function withRows(path: string, rows: number): string {
  const database = open(path);
  const insert = database.prepare<[number, number]>('INSERT INTO pairs VALUES (?, ?)');
  database.transaction(() => {
    for (let n = 0; n < rows; n += 1) insert.run(n, -n);
  });
  database.close();
  return path;
}

function rowsOf(path: string): number {
  const database = new Database(path, { readonly: true });
  const { rows } = database.prepare('SELECT count(*) AS rows FROM pairs').get() as { rows: number };
  database.close();
  return rows;
}

test('a copy made while others write is the state of one moment, and whole in one file', async () => {
  const path = temporaryPath();
  const database = open(withRows(path, 200_000));
  const insert = database.relaxed.prepare<[number, number]>('INSERT INTO pairs VALUES (?, ?)');
  let written = 0;
  const writing = setInterval(() => {
    database.relaxed.transaction(() => {
      insert.run(1, 0);
      insert.run(0, -1);
    });
    written += 1;
  }, 0);
  const target = `${path}.backup`;
  await expect.poll(() => written).toBeGreaterThan(10);
  const atBeginning = written;
  const bytes = await backupDatabase(path, target);
  clearInterval(writing);
  database.close();
  expect(statSync(target)).toMatchObject({ size: bytes });
  expect(statSync(target).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(target)).filter((file) => file.includes('.backup'))).toHaveLength(1);
  const rows = rowsOf(target);
  expect((rows - 200_000) % 2).toBe(0);
  expect(rows).toBeGreaterThanOrEqual(200_000 + 2 * atBeginning);
  expect(rows).toBeLessThan(200_000 + 2 * written + 1);
});

test('what a killed process left in the write-ahead log is in the copy', async () => {
  const path = temporaryPath();
  const database = open(withRows(path, 10));
  database.prepare('INSERT INTO pairs VALUES (1, -1)').run();
  await backupDatabase(path, `${path}.backup`);
  expect(rowsOf(`${path}.backup`)).toBe(11);
  database.close();
});

test('nothing is overwritten by a backup, and no database is no backup', async () => {
  const path = withRows(temporaryPath(), 1);
  writeFileSync(`${path}.mine`, 'mine');
  await expect(backupDatabase(path, `${path}.mine`)).rejects.toMatchObject({ code: 'conflict' });
  expect(readFileSync(`${path}.mine`, 'utf8')).toBe('mine');
  await expect(backupDatabase(`${path}.none`, `${path}.x`)).rejects.toMatchObject({ code: 'not_found' });
  expect(existsSync(`${path}.none`)).toBe(false);
});

test('a restore brings back what was saved', async () => {
  const path = withRows(temporaryPath(), 5);
  await backupDatabase(path, `${path}.backup`);
  const empty = join(dirname(path), 'new', 'a_state.db');
  expect(await restoreDatabase(`${path}.backup`, empty, { force: false })).toBeNull();
  const database = open(empty);
  expect(database.prepare('SELECT count(*) AS rows FROM pairs').get()).toEqual({ rows: 5 });
  database.close();
});

test('a restore over data is refused without force, and keeps it with force', async () => {
  const path = withRows(temporaryPath(), 5);
  const backup = `${path}.backup`;
  await backupDatabase(path, backup);
  withRows(path, 3);
  const before = readFileSync(path);
  await expect(restoreDatabase(backup, path, { force: false })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('--force'),
  });
  expect(readFileSync(path).equals(before)).toBe(true);
  const kept = await restoreDatabase(backup, path, { force: true });
  expect(rowsOf(path)).toBe(5);
  expect(readFileSync(kept as string).equals(before)).toBe(true);
  open(path).close();
});

test('a restore keeps what only the write-ahead log of the replaced database had', async () => {
  const path = withRows(temporaryPath(), 5);
  await backupDatabase(path, `${path}.backup`);
  const killed = join(dirname(path), 'killed', 'a_state.db');
  const database = open(path);
  database.prepare('INSERT INTO pairs VALUES (1, -1)').run();
  mkdirSync(dirname(killed));
  for (const end of ['', '-wal']) writeFileSync(killed + end, readFileSync(path + end));
  database.close();
  const kept = await restoreDatabase(`${path}.backup`, killed, { force: true });
  expect(rowsOf(killed)).toBe(5);
  expect(rowsOf(kept as string)).toBe(6);
});

test('a restore under a running process is refused, force or not', async () => {
  const path = withRows(temporaryPath(), 5);
  await backupDatabase(path, `${path}.backup`);
  const database = open(path);
  await expect(restoreDatabase(`${path}.backup`, path, { force: true })).rejects.toMatchObject({
    code: 'database_locked',
  });
  database.prepare('INSERT INTO pairs VALUES (1, -1)').run();
  database.close();
  expect(rowsOf(path)).toBe(6);
});

test('what is no backup, damaged, or another MAD’s is refused and changes nothing', async () => {
  const path = withRows(temporaryPath(), 20_000);
  const before = readFileSync(path);
  const folder = dirname(path);
  const diary = join(folder, 'diary');
  writeFileSync(diary, 'my diary, not yours. '.repeat(100));
  const damaged = join(folder, 'damaged');
  writeFileSync(damaged, Buffer.from(before).fill(0xff, 8192, 12_288));
  const other = join(folder, 'other_state.db');
  openDatabase({
    path: other,
    log: silentLogger,
    migrations: [...migrations, { name: 'other-001', sql: 'CREATE TABLE x (y INTEGER) STRICT' }],
  }).close();
  const refusals = { [diary]: 'database_corrupt', [damaged]: 'database_corrupt', [other]: 'conflict' };
  for (const [source, code] of Object.entries(refusals)) {
    await expect(restoreDatabase(source, path, { force: true })).rejects.toMatchObject({ code });
  }
  await expect(restoreDatabase(path, path, { force: true })).rejects.toMatchObject({ code: 'conflict' });
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(folder).filter((file) => /restoring|replaced/.test(file))).toEqual([]);
});

test('the databases of a directory are found by their names', () => {
  const folder = dirname(temporaryPath());
  withRows(stateDatabasePath(folder, 'fiedler'), 1);
  expect(madsWithState(folder)).toContain('fiedler');
  expect(madsWithState(join(folder, 'none'))).toEqual([]);
});
