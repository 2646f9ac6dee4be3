import { statSync } from 'node:fs';
import { silentLogger } from '@mad-group/protocol';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { createCheckpoints } from './database-checkpoints.ts';
import { temporaryPath } from './testing/test-runner.ts';

const MIB = 1024 * 1024;

function openWithReader() {
  const path = temporaryPath();
  const connection = new Database(path);
  connection.pragma('journal_mode = WAL');
  connection.exec('CREATE TABLE a (x BLOB)');
  const insert = connection.prepare('INSERT INTO a VALUES (zeroblob(1000000))');
  const reader = new Database(path, { readonly: true });
  const read = reader.prepare('SELECT count(*) FROM a');
  const warnings: object[] = [];
  const log = { ...silentLogger, warn: (facts: object) => void warnings.push(facts) };
  const checkpoints = createCheckpoints({ path, connection, log, busyTimeoutMs: 5_000 });
  return {
    connection,
    reader,
    read,
    warnings,
    checkpoints,
    write: (megabytes: number) => {
      for (let n = 0; n < megabytes; n += 1) insert.run();
    },
    walBytes: () => statSync(`${path}-wal`).size,
    close() {
      checkpoints.stop();
      reader.close();
      connection.close();
    },
  };
}

test('a log that readers let grow is cut back once they have moved on', async () => {
  const database = openWithReader();
  database.reader.exec('BEGIN');
  database.read.get();
  database.write(20);
  database.checkpoints.tend();
  expect(database.walBytes()).toBeGreaterThan(16 * MIB);
  database.reader.exec('COMMIT');
  // After a wait in vain it rests, so that the process is not held up by one who stays.
  await expect
    .poll(() => {
      database.checkpoints.tend();
      return database.walBytes();
    })
    .toBe(0);
  expect(database.connection.pragma('busy_timeout', { simple: true })).toBe(5_000);
  database.close();
});

test('a reader that never ends its transaction is warned of once', () => {
  const database = openWithReader();
  database.reader.exec('BEGIN');
  database.read.get();
  database.write(68);
  database.checkpoints.tend();
  database.checkpoints.tend();
  expect(database.warnings).toHaveLength(1);
  database.close();
});

test('a log of usual size is left to SQLite', () => {
  const database = openWithReader();
  database.write(2);
  const before = database.walBytes();
  database.checkpoints.tend();
  expect(database.walBytes()).toBe(before);
  database.close();
});
