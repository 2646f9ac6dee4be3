import { LOCAL_CALLER } from '@mad-group/protocol';
import type { StateDatabase } from '@mad-group/tasks';

const BATCH = 10_000;

/** Puts completed tasks of two owners with three events each into the tables, as Fiedler would have left them. */
export function taskFiller({ relaxed }: StateDatabase): (from: number, to: number) => void {
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
