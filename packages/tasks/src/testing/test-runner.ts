import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@mad-group/protocol';
import { onTestFinished } from 'vitest';
import { openDatabase, type StateDatabase } from '../database.ts';
import { TASK_MIGRATIONS } from '../task-migrations.ts';
import { createTaskRunner, type TaskRunner, type TaskRunnerOptions } from '../task-runner.ts';
import { createTaskStore, type TaskStore } from '../task-store.ts';
import { createFakePublisher, echoThinker, type FakePublisher, silentMetrics, wording } from './fakes.ts';

/** Path of a database in a directory of its own, which goes with the test. */
export function temporaryPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mad-tasks-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'state.db');
}

export const openTestDatabase = (path = temporaryPath()): StateDatabase =>
  openDatabase({ path, log: silentLogger, migrations: TASK_MIGRATIONS });

export interface TestRunner {
  readonly runner: TaskRunner;
  readonly store: TaskStore;
  readonly database: StateDatabase;
  readonly publisher: FakePublisher;
}

/** A runner on a database of its own, not started. */
export function createTestRunner(
  options: Partial<TaskRunnerOptions> & { database?: StateDatabase; publisher?: FakePublisher } = {},
): TestRunner {
  const { database = openTestDatabase(), publisher = createFakePublisher(), ...rest } = options;
  const clock = options.clock ?? systemClock;
  const store = options.store ?? createTaskStore(database, { clock });
  const runner = createTaskRunner({
    store,
    thinker: echoThinker,
    publisher,
    clock,
    log: silentLogger,
    metrics: silentMetrics,
    madId: 'fiedler',
    wording,
    concurrency: 4,
    queueMax: 1_000,
    maxAttempts: 3,
    retentionDays: 30,
    ...rest,
  });
  return { runner, store, database, publisher };
}
