import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_CALLER, silentLogger, systemClock } from '@mad-group/protocol';
import { createTaskStore, openDatabase, TASK_MIGRATIONS } from '@mad-group/tasks';
import { spread } from '../kit/spread.ts';
import { taskFiller } from '../kit/task-filler.ts';
import { type Plot, sizesTo } from './curve.ts';

const REPEATS = 200;

/** What a task costs to read, list, count, make and claim, by the tasks that are stored already. */
export async function storedTasks(short: boolean, say: (line: string) => void): Promise<Plot> {
  const folder = await mkdtemp(join(tmpdir(), 'mad-bench-tasks-'));
  const database = openDatabase({
    path: join(folder, 'fiedler_state.db'),
    log: silentLogger,
    migrations: TASK_MIGRATIONS,
  });
  const store = createTaskStore(database, { clock: systemClock });
  const draft = {
    prompt: 'What is the state?',
    requesterId: 'bench',
    caller: LOCAL_CALLER,
    correlationId: 'c',
  };
  const fill = taskFiller(database);
  const curves = new Map<string, { size: number; cost: number }[]>();
  try {
    let stored = 0;
    for (const size of sizesTo(1_000_000, short)) {
      fill(stored, size);
      stored = size;
      const middle = `task-${Math.floor(size / 2)}`;
      const owner = LOCAL_CALLER.name;
      const operations: Record<string, () => unknown> = {
        'status of one': () => store.get(middle),
        'list, newest 50': () => store.list({ limit: 50 }),
        'list, 50 of one owner and state': () => store.list({ owner, status: 'COMPLETED', limit: 50 }),
        'count by state': () => store.countByStatus(),
        'create (synced to disk)': () => store.create(draft),
        'claim the oldest (synced)': () => store.claim(() => 1),
      };
      for (const [name, operation] of Object.entries(operations)) {
        const cost = await medianUs(operation);
        curves.set(name, [...(curves.get(name) ?? []), { size, cost }]);
      }
      say(
        `  ${size} tasks: ${[...curves].map(([name, all]) => `${name} ${all.at(-1)?.cost.toFixed(0)} µs`).join(', ')}`,
      );
    }
  } finally {
    database.close();
    await rm(folder, { recursive: true, force: true });
  }
  return {
    name: 'stored-tasks',
    title: 'Fiedler: what an operation costs, by tasks stored',
    sizeUnit: 'tasks stored',
    costUnit: 'microseconds (median of 200)',
    curves: [...curves].map(([name, points]) => ({ name, points })),
  };
}

async function medianUs(operation: () => unknown): Promise<number> {
  const tookUs: number[] = [];
  for (let index = 0; index < REPEATS; index += 1) {
    const startedMs = performance.now();
    await operation();
    tookUs.push((performance.now() - startedMs) * 1000);
  }
  return spread(tookUs).median;
}
