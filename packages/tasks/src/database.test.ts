import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Logger, silentLogger } from '@mad-group/protocol';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from './database.ts';
import type { Migration } from './migrations.ts';
import { openTestDatabase, temporaryPath } from './testing/test-runner.ts';

const first: Migration = { name: 'a-001', sql: 'CREATE TABLE a (x INTEGER) STRICT' };
const second: Migration = { name: 'b-001', sql: 'CREATE TABLE b (x INTEGER) STRICT' };
const open = (path: string, migrations: Migration[], log: Logger = silentLogger) =>
  openDatabase({ path, log, migrations, lockWaitMs: 0 });

test('opening makes the directory and says so in the line that the guide names', () => {
  const path = join(dirname(temporaryPath()), 'deep', 'er', 'state.db');
  const lines: [object, string][] = [];
  const log = {
    ...silentLogger,
    info: (facts: object, message: string) => void lines.push([facts, message]),
  };
  open(path, [first], log).close();
  expect(lines).toEqual([
    [{ path, applied: ['a-001'], migrations: 1 }, `Initialized SQLite state database at ${path}`],
  ]);
});

test('no other user of the machine reads the files', () => {
  const database = open(temporaryPath(), [first]);
  for (const file of ['', '-wal', '-shm']) expect(statSync(database.path + file).mode & 0o077).toBe(0);
  database.close();
});

test('each module adds its steps later, and each step runs once', () => {
  const path = temporaryPath();
  open(path, [first]).close();
  open(path, [second, first]).close();
  const later = { name: 'a-002', sql: 'ALTER TABLE a ADD COLUMN y INTEGER' };
  const database = open(path, [first, later, second]);
  database.prepare('INSERT INTO a (x, y) VALUES (1, 2)').run();
  expect(database.prepare('SELECT * FROM a').all()).toEqual([{ x: 1, y: 2 }]);
  database.close();
});

test('a step that fails leaves the database at the shape before', () => {
  const path = temporaryPath();
  open(path, [first]).close();
  const broken = { name: 'b-001', sql: 'CREATE TABLE c (x INTEGER); CREATE TABLE a (x INTEGER)' };
  expect(() => open(path, [first, broken])).toThrow();
  const database = open(path, [first]);
  expect(database.prepare("SELECT name FROM sqlite_schema WHERE name = 'c'").all()).toEqual([]);
  database.close();
});

test('a database of a later version is refused and stays as it is', () => {
  const path = temporaryPath();
  open(path, [first, second]).close();
  const before = readFileSync(path);
  expect(() => open(path, [first])).toThrow(
    expect.objectContaining({ code: 'database_too_new', message: expect.stringContaining(path) }),
  );
  expect(readFileSync(path).equals(before)).toBe(true);
  open(path, [first, second]).close();
});

test('a damaged database is refused in one line and stays as it is', () => {
  const path = temporaryPath();
  const database = open(path, [first]);
  const insert = database.prepare<[number]>('INSERT INTO a VALUES (?)');
  database.transaction(() => {
    for (let n = 0; n < 10_000; n += 1) insert.run(n);
  });
  database.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 8192, 8192 + 4096);
  writeFileSync(path, bytes);
  expect(() => open(path, [first])).toThrow(
    expect.objectContaining({ code: 'database_corrupt', message: expect.not.stringContaining('\n') }),
  );
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test('a file too large to be searched at a start is opened as it is', () => {
  const path = temporaryPath();
  const database = open(path, [first]);
  const insert = database.prepare<[number]>('INSERT INTO a VALUES (?)');
  database.transaction(() => {
    for (let n = 0; n < 10_000; n += 1) insert.run(n);
  });
  database.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, bytes.length - 4096);
  writeFileSync(path, bytes);
  const options = { path, log: silentLogger, migrations: [first] };
  openDatabase({ ...options, maxSearchedBytes: bytes.length - 1 }).close();
  expect(() => openDatabase({ ...options, maxSearchedBytes: bytes.length })).toThrow(/cannot be read/);
});

test('a database whose making was cut off by a loss of power is opened as it was before', () => {
  const path = temporaryPath();
  const halfDone = join(dirname(path), 'half-done.db');
  const maker = new Database(path);
  maker.exec('CREATE TABLE a (x TEXT); PRAGMA cache_size = 1; BEGIN');
  const insert = maker.prepare('INSERT INTO a VALUES (?)');
  for (let n = 0; n < 100; n += 1) insert.run('x'.repeat(4_000));
  for (const file of ['', '-journal']) copyFileSync(path + file, halfDone + file);
  maker.close();
  // What the reader cannot do: it finds the journal of a transaction that has to be undone first.
  const reader = new Database(halfDone, { readonly: true });
  expect(() => reader.pragma('schema_version')).toThrow(/readonly/);
  reader.close();
  // Undone, it is a database that this program did not make; before that nobody could tell.
  expect(() => open(halfDone, [first])).toThrow(/holds a table 'a'/);
});

test('a file that is no database is refused and stays as it is', () => {
  const path = temporaryPath();
  writeFileSync(path, 'my diary, not yours. '.repeat(100));
  expect(() => open(path, [first])).toThrow(expect.objectContaining({ code: 'database_corrupt' }));
  expect(readFileSync(path, 'utf8')).toContain('my diary');
});

test('a database that something else made is refused and stays as it is', () => {
  const path = temporaryPath();
  const other = new Database(path);
  other.exec('CREATE TABLE tasks (task_id TEXT)');
  other.close();
  const before = readFileSync(path);
  expect(() => open(path, [first])).toThrow(/'tasks' that this program did not make/);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a path that cannot be written is refused with the reason', () => {
  const path = temporaryPath();
  mkdirSync(path);
  expect(() => open(path, [first])).toThrow(
    expect.objectContaining({ code: 'database_unavailable', message: expect.stringContaining(path) }),
  );
  expect(() => open(join('/dev/null', 'state.db'), [first])).toThrow(
    expect.objectContaining({ code: 'database_unavailable' }),
  );
});

test('a second opening of the same database is refused until the first is closed', () => {
  const path = temporaryPath();
  const database = open(path, [first]);
  expect(() => open(path, [first])).toThrow(
    expect.objectContaining({ code: 'database_locked', message: expect.stringContaining(path) }),
  );
  database.close();
  database.close();
  open(path, [first]).close();
});

test('a second process is refused, and let in once the first was killed', async () => {
  const path = temporaryPath();
  const script = `
    import { openDatabase } from '${join(import.meta.dirname, 'database.ts')}';
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    openDatabase({ path: ${JSON.stringify(path)}, log, migrations: [] });
    console.log('open');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(() => open(path, [])).toThrow(expect.objectContaining({ code: 'database_locked' }));
  child.kill('SIGKILL');
  await once(child, 'exit');
  open(path, []).close();
});

test('the check writes, and tells when the disk does not take it', () => {
  const database = openTestDatabase();
  const wal = `${database.path}-wal`;
  const before = statSync(wal).size;
  expect(database.check()).toBe('OK');
  expect(statSync(wal).size).toBeGreaterThan(before);
  database.close();
  const refusing = openTestDatabase();
  refusing.prepare('PRAGMA query_only = ON').run();
  expect(refusing.check()).toMatch(/readonly/);
  refusing.close();
});

test('a check gives its answer again for some seconds, a bad one for a second', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const database = openTestDatabase();
  const wal = `${database.path}-wal`;
  expect(database.check()).toBe('OK');
  const { size } = statSync(wal);
  vi.advanceTimersByTime(4_900);
  expect(database.check()).toBe('OK');
  expect(statSync(wal).size).toBe(size);
  database.prepare('PRAGMA query_only = ON').run();
  expect(database.check()).toBe('OK');
  vi.advanceTimersByTime(200);
  expect(database.check()).toMatch(/readonly/);
  database.prepare('PRAGMA query_only = OFF').run();
  vi.advanceTimersByTime(900);
  expect(database.check()).toMatch(/readonly/);
  vi.advanceTimersByTime(200);
  expect(database.check()).toBe('OK');
  database.close();
});

test('works of one moment share a commit, and one that throws is undone alone', async () => {
  const database = open(temporaryPath(), [first]);
  const insert = database.prepare<[number]>('INSERT INTO a VALUES (?)');
  const results = await Promise.allSettled([
    database.commit(() => insert.run(1)),
    database.commit(() => {
      insert.run(2);
      throw new Error('no');
    }),
    database.commit(() => insert.run(3)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(database.prepare('SELECT x FROM a').all()).toEqual([{ x: 1 }, { x: 3 }]);
  database.close();
});

test('what a full disk undoes is told to those whose work it was', async () => {
  const database = open(temporaryPath(), [{ name: 'a', sql: 'CREATE TABLE a (x TEXT) STRICT' }]);
  const insert = database.prepare<[string]>('INSERT INTO a VALUES (?)');
  database.prepare('PRAGMA max_page_count = 50').get();
  const sizes = [10, 1_000_000, 20, 30];
  const results = await Promise.allSettled(
    sizes.map((size) => database.commit(() => insert.run('x'.repeat(size)))),
  );
  const kept = sizes.filter((_, index) => results[index]?.status === 'fulfilled');
  expect(results[1]).toMatchObject({ reason: { code: 'SQLITE_FULL' } });
  const rows = database.prepare<[], { size: number }>('SELECT length(x) AS size FROM a').all();
  expect(rows.map(({ size }) => size)).toEqual(kept);
  await database.commit(() => insert.run('later'));
  database.close();
});

test('closing lets go of the file where the write-ahead log cannot be written back', () => {
  const path = temporaryPath();
  const database = open(path, [first]);
  database.prepare('INSERT INTO a VALUES (7)').run();
  // A checkpoint within a transaction is refused.
  database.prepare('BEGIN IMMEDIATE').run();
  expect(() => database.close()).toThrow(/locked/);
  const reopened = open(path, [first]);
  expect(reopened.prepare('SELECT x FROM a').all()).toEqual([{ x: 7 }]);
  reopened.close();
});

test('closing commits what is waiting and leaves one whole file', async () => {
  const path = temporaryPath();
  const database = open(path, [first]);
  const waiting = database.commit(() => database.prepare('INSERT INTO a VALUES (7)').run());
  database.close();
  await waiting;
  expect(statSync(dirname(path)).isDirectory()).toBe(true);
  const reopened = open(path, [first]);
  expect(reopened.prepare('SELECT x FROM a').all()).toEqual([{ x: 7 }]);
  reopened.close();
});

test('one kind of transaction syncs the disk, the other does not, and neither runs within the other', async () => {
  const database = open(temporaryPath(), [first]);
  const kind = (): unknown => database.prepare('PRAGMA synchronous').get();
  const [normal, full] = [{ synchronous: 1 }, { synchronous: 2 }];
  for (let turn = 0; turn < 2; turn += 1) {
    expect(database.relaxed.transaction(kind)).toEqual(normal);
    expect(database.transaction(kind)).toEqual(full);
    expect(database.relaxed.transaction(kind)).toEqual(normal);
    expect(await database.commit(kind)).toEqual(full);
  }
  expect(() => database.relaxed.transaction(() => database.transaction(kind))).toThrow(/Safety level/);
  expect(database.transaction(kind)).toEqual(full);
  database.close();
});

test('the write-ahead log does not grow without bound', () => {
  const database = open(temporaryPath(), [first]);
  const insert = database.relaxed.prepare<[number]>('INSERT INTO a VALUES (?)');
  for (let n = 0; n < 20_000; n += 1) database.relaxed.transaction(() => insert.run(n));
  expect(statSync(`${database.path}-wal`).size).toBeLessThan(8 * 1024 * 1024);
  database.close();
});
