import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@mad-group/protocol';
import { openDatabase, type StateDatabase, TASK_MIGRATIONS } from '@mad-group/tasks';
import { onTestFinished } from 'vitest';
import { ROGERS_MIGRATIONS } from '../migrations.ts';

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rogers-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Rogers' database in a folder of the test's. */
export function openTestDatabase(folder = temporaryFolder()): StateDatabase {
  const database = openDatabase({
    path: join(folder, 'rogers_state.db'),
    log: silentLogger,
    migrations: [...TASK_MIGRATIONS, ...ROGERS_MIGRATIONS],
  });
  onTestFinished(() => database.close());
  return database;
}
