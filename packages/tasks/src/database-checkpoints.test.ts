import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '@mad-group/protocol';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { createCheckpoints } from './database-checkpoints.ts';
import { temporaryPath } from './testing/test-runner.ts';

const MIB = 1024 * 1024;
const PERMANENT_READER = fileURLToPath(new URL('testing/permanent-reader.ts', import.meta.url));

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
    path,
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

test('readers who relieve each other never hold it up in vain', async () => {
  const database = openWithReader();
  const readers = spawn(process.execPath, [PERMANENT_READER, '50', database.path], { stdio: 'inherit' });
  try {
    for (let round = 0; round < 10; round += 1) {
      // In small commits over some time, so that the readers come to hold different views of it.
      for (let megabytes = 0; megabytes < 17; megabytes += 1) {
        database.write(1);
        await delay(7);
      }
      database.checkpoints.tend();
      expect(database.walBytes()).toBeLessThan(16 * MIB);
    }
  } finally {
    readers.kill();
    await once(readers, 'exit');
    database.close();
  }
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
