import { LOCAL_CALLER, MadError, type TaskStatus, type TaskView } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { taskRules } from './task-rules.ts';

const NOW = Date.parse('2026-11-21T14:20:00Z');
const at = (minutesAgo: number): string => new Date(NOW - minutesAgo * 60_000).toISOString();
const id = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;

const task = (n: number, status: TaskStatus, minutesAgo: number, more: Partial<TaskView> = {}): TaskView => ({
  task_id: id(n),
  status,
  requester_id: 'me',
  prompt: `prompt number ${n}`,
  result_payload: status === 'COMPLETED' ? { response: `answer ${n}` } : null,
  error_details:
    status === 'FAILED'
      ? { message: 'the provider said no', code: 'provider_rejected', stack_trace: null }
      : null,
  created_at: at(minutesAgo),
  updated_at: at(minutesAgo),
  started_at: status === 'PENDING' ? null : at(minutesAgo - 0.5),
  finished_at: ['COMPLETED', 'FAILED', 'CANCELLED'].includes(status) ? at(minutesAgo - 2) : null,
  correlation_id: 'c',
  conversation_id: 'v',
  owner: 'local',
  attempt: 1,
  last_seq: 3,
  ...more,
});

const TASKS = [
  task(9, 'RUNNING', 1),
  task(1, 'COMPLETED', 10),
  task(2, 'FAILED', 20),
  task(3, 'RUNNING', 30),
  task(4, 'COMPLETED', 40),
  task(5, 'PENDING', 50),
  task(6, 'FAILED', 90),
  task(7, 'CANCELLED', 100),
];

/** Asks as task 9, which is itself in the list. */
async function ask(prompt: string, tasks: readonly TaskView[] = TASKS): Promise<string | null> {
  const rules = taskRules({
    get: (taskId) => {
      const found = tasks.find((one) => one.task_id === taskId);
      if (!found) throw new MadError('not_found', `Task with id '${taskId}' not found.`);
      return found;
    },
    list: ({ status, limit }) =>
      tasks.filter((one) => status === undefined || one.status === status).slice(0, limit),
    clock: { now: () => NOW },
  });
  const context = {
    caller: LOCAL_CALLER,
    correlationId: 'c',
    taskId: id(9),
    signal: new AbortController().signal,
  };
  for (const rule of rules) {
    const answer = await rule.answer(prompt, context);
    if (answer !== null) return answer;
  }
  return null;
}
const listed = (answer: string | null): number[] =>
  [...(answer ?? '').matchAll(/^- 0{8}-0000-4000-8000-0{11}(\d)/gm)].map((match) => Number(match[1]));

describe('lists', () => {
  test.each([
    ['List recent tasks', [1, 2, 3, 4, 5, 6, 7]],
    ['show me the last 2 tasks', [1, 2]],
    ['the three most recent tasks, please: list them', [1, 2, 3]],
    ['What tasks are there?', [1, 2, 3, 4, 5, 6, 7]],
    ['recent activity', [1, 2, 3, 4, 5, 6, 7]],
    ['List failed tasks', [2, 6]],
    ['Which tasks failed?', [2, 6]],
    ['What failed?', [2, 6]],
    ['Did any tasks go wrong?', [2, 6]],
    ['show the last failed tasks', [2, 6]],
    ['List the last 1 failed tasks', [2]],
    ['Which tasks failed in the last hour?', [2]],
    ['what is running?', [3]],
    ['which tasks are in progress right now', [3]],
    ['show me the queue', [5]],
    ['what is in the queue?', [5]],
    ['Which jobs are queued?', [5]],
    ['list completed tasks', [1, 4]],
    ['Which tasks were cancelled?', [7]],
    ['list unfinished tasks', [3, 5]],
    ['List tasks of the last 25 minutes', [1, 2]],
  ])('“%s”', async (prompt, tasks) => {
    expect(listed(await ask(prompt))).toEqual(tasks);
  });

  test('show the error and how long it ran', async () => {
    expect(await ask('list failed tasks')).toContain(
      'FAILED (1 min 30 s) “prompt number 2”: the provider said no',
    );
  });

  test('say that there is none', async () => {
    expect(await ask('list failed tasks', [])).toBe('There is no failed task that you may see.');
  });
});

describe('one task', () => {
  test.each([
    `What happened to task ${id(2)}?`,
    `status of ${id(2)}`,
    `Why did ${id(2).toUpperCase()} fail?`,
    `tell me about ${id(2)}`,
  ])('“%s”', async (prompt) => {
    const answer = await ask(prompt);
    expect(answer).toContain(`Task ${id(2)} is FAILED. It waited 30 s and took 1 min 30 s (2 min in all).`);
    expect(answer).toContain('error: the provider said no (provider_rejected)');
  });

  test.each([
    [`how long did ${id(1)} take?`, 'took 1 min 30 s'],
    ['How long did the last task take?', `Task ${id(1)} is COMPLETED`],
    ['how long did it take?', `Task ${id(1)} is COMPLETED`],
    ['Why did the last failed task fail?', `Task ${id(2)} is FAILED`],
    ['What happened to my last task?', `Task ${id(1)}`],
    [`and ${id(3)}?`, 'has been running for 29 min 30 s'],
    [`and ${id(5)}?`, 'It has been waiting for 50 min.'],
    ['What happened to task 10000000?', "I find no task that begins with '10000000'."],
    [`and ${id(8)}?`, `I find no task ${id(8)} that you may see.`],
  ])('“%s”', async (prompt, words) => {
    expect(await ask(prompt)).toContain(words);
  });
});

test.each([
  ['How many tasks failed?', '2 failed tasks,'],
  ['How many tasks failed in the last hour?', '1 failed task that was created in the last hour'],
  ['number of tasks today', '7 tasks that were created today'],
  ['How many tasks are there?', '2 COMPLETED, 2 FAILED, 1 RUNNING, 1 PENDING, 1 CANCELLED'],
  ['How many are in the queue?', '1 pending task,'],
])('“%s”', async (prompt, words) => {
  expect(await ask(prompt)).toContain(words);
});

test('a full list counts as at least so many', async () => {
  const many = Array.from({ length: 1200 }, (_, n) => ({ ...task(1, 'FAILED', 5), task_id: `x-${n}` }));
  expect(await ask('How many tasks failed?', many)).toMatch(/^At least 1,000 failed tasks/);
});

describe('how long tasks take', () => {
  const took = (n: number, seconds: number, prompt = 'work'): TaskView =>
    task(n, 'COMPLETED', 10 * n, {
      prompt,
      started_at: at(10 * n),
      finished_at: new Date(Date.parse(at(10 * n)) + seconds * 1000).toISOString(),
    });
  const some = [took(1, 0.1, 'List recent tasks'), took(2, 4), took(3, 20), took(4, 6)];

  test.each([
    ['How long do tasks take?', 'The newest first', [2, 3, 4]],
    ['what is the average duration of tasks', 'The newest first', [2, 3, 4]],
    ['which task took longest', 'The longest first', [3, 4, 2]],
    ['slowest task', 'The longest first', [3, 4, 2]],
    ['Which was the fastest task?', 'The shortest first', [2, 4, 3]],
  ])('“%s”', async (prompt, order, tasks) => {
    const answer = await ask(prompt, some);
    expect(answer).toContain(
      `3 completed tasks took 10 s on average: the longest 20 s (${id(3)}), the shortest 4 s (${id(2)}).\n${order}:`,
    );
    expect(listed(answer)).toEqual(tasks);
  });

  test('only those of the time that is asked about', async () => {
    expect(await ask('average duration of tasks in the last 25 minutes', some)).toMatch(/^1 completed task /);
    expect(await ask('how long do tasks take?', [])).toBe('No task yet has been completed.');
  });
});

describe('an id that is short or mistyped', () => {
  const one = task(1, 'FAILED', 5, { task_id: 'c2fbd33e-0000-4000-8000-000000000001' });
  const two = task(2, 'COMPLETED', 6, { task_id: 'c2fbd3aa-0000-4000-8000-000000000002' });

  test.each([
    ['What happened to c2fbd33e?', `Task ${one.task_id} is FAILED.`],
    ['what happened to task C2FBD33?', `Task ${one.task_id} is FAILED.`],
    ['status of c2fbd3', "2 tasks begin with 'c2fbd3':\n- c2fbd33e-"],
    ['What happened to task c2fbd33f?', "I find no task that begins with 'c2fbd33f'."],
    [
      'what about c2fbd33x-0000-4000-8000-000000000001',
      "I find no task that begins with 'c2fbd33x-0000-4000-8000-000000000001'.",
    ],
    ['show task c2fb1', "I find no task that begins with 'c2fb1': give its id, or at least the first 6"],
  ])('“%s”', async (prompt, words) => {
    expect(await ask(prompt, [one, two])).toContain(words);
  });
});

describe('questions about tasks', () => {
  const asked = task(1, 'COMPLETED', 1, { prompt: 'list_recent_tasks(2)' });
  const work = [task(2, 'COMPLETED', 20), task(3, 'FAILED', 30)];

  test('stand last in a list, and are marked', async () => {
    const answer = await ask('List recent tasks', [asked, ...work]);
    expect(listed(answer)).toEqual([2, 3, 1]);
    expect(answer).toMatch(/^3 tasks, newest first, questions last:/);
    expect(answer?.match(/\(a question about tasks\)/g)).toHaveLength(1);
    expect(answer).toMatch(/“list_recent_tasks\(2\)” \(a question about tasks\)$/);
  });

  test('are not the last task, where there is another', async () => {
    expect(await ask('What happened to the last task?', [asked, ...work])).toContain(`Task ${id(2)} is`);
    expect(await ask('What happened to the last task?', [asked])).toContain(`Task ${id(1)} is`);
  });
});

test.each(['Is everything up?', 'Who is stale?', 'Which sender is busiest?', 'How many messages were sent?'])(
  '“%s” is for Rogers',
  async (prompt) => {
    expect(await ask(prompt)).toBeNull();
  },
);

test.each(['Write a poem about spring', 'System check, please respond with OK.', 'What is 2 + 2?', ''])(
  '“%s” is not for these rules',
  async (prompt) => {
    expect(await ask(prompt)).toBeNull();
  },
);
