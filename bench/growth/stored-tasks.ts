import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_CALLER, silentLogger, systemClock } from '@mad-group/protocol';
import { createTaskStore, openDatabase, type StateDatabase, TASK_MIGRATIONS } from '@mad-group/tasks';
import { spread } from '../kit/spread.ts';
import { type Plot, sizesTo } from './curve.ts';

const REPEATS = 200;
const BATCH = 10_000;

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
  const fill = filler(database);
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

/** Puts completed tasks of two owners with three events each into the tables, as Fiedler would have left them. */
function filler({ relaxed }: StateDatabase): (from: number, to: number) => void {
  const task = relaxed.prepare<[string, string, number, number, number]>(`
    INSERT INTO tasks (task_id, status, owner, scopes, requester_id, conversation_id, correlation_id, response,
      created_ms, updated_ms, finished_ms)
    VALUES (?, 'COMPLETED', ?, 'read converse', 'bench', lower(hex(randomblob(16))), lower(hex(randomblob(16))),
      'All is well with the release, and the docs are up to date.', ?, ?, ?)`);
  const prompt = relaxed.prepare<[number | bigint]>(
    "INSERT INTO task_prompts (task, prompt) VALUES (?, 'What is the state of the release?')",
  );
  const event = relaxed.prepare<[number | bigint, number, string, number, string]>(
    'INSERT INTO task_events (task, seq, type, attempt, at_ms, token) VALUES (?, ?, ?, 1, ?, ?)',
  );
  const insert = (number: number): void => {
    const owner = number % 2 === 0 ? LOCAL_CALLER.name : 'someone';
    const id = task.run(`task-${number}`, owner, number, number, number).lastInsertRowid;
    prompt.run(id);
    for (let seq = 1; seq <= 3; seq += 1)
      event.run(id, seq, 'token', number, 'All is well with the release.');
  };
  return (from, to) => {
    for (let next = from; next < to; next += BATCH) {
      relaxed.transaction(() => {
        for (let number = next; number < Math.min(to, next + BATCH); number += 1) insert(number);
      });
    }
  };
}
