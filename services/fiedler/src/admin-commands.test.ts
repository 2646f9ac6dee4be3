import { typedCommands } from '@mad-group/mad/admin/testing';
import { MadError, type TaskView } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { FIEDLER_COMMANDS } from './admin-commands.ts';

const task = (id: string, more: Partial<TaskView> = {}): TaskView => ({
  task_id: id,
  status: 'COMPLETED',
  requester_id: 'me',
  prompt: 'Say OK.',
  result_payload: { response: 'OK.' },
  error_details: null,
  created_at: '2026-01-31T09:05:03.000Z',
  updated_at: '2026-01-31T09:05:04.000Z',
  started_at: '2026-01-31T09:05:03.000Z',
  finished_at: '2026-01-31T09:05:04.000Z',
  correlation_id: 'c',
  conversation_id: 'v',
  owner: 'local',
  attempt: 1,
  last_seq: 3,
  ...more,
});

const { complete, run } = typedCommands('Fiedler V1', FIEDLER_COMMANDS);
const listing =
  (...tasks: TaskView[]) =>
  ({ limit }: Record<string, unknown>) => ({
    status: 'success',
    tasks: tasks.slice(0, limit as number),
    next_before: null,
  });

test('fiedler-tasks prints what the first implementation printed', async () => {
  const prompt = `Plan\nthe steps ${'x'.repeat(100)}`;
  const answers = { fiedler_list_tasks: listing(task('t-2', { prompt, status: 'RUNNING' }), task('t-1')) };
  expect(await run('fiedler-tasks', answers)).toEqual([
    0,
    `--- Showing Last 2 Fiedler Tasks ---
ID     : t-2
  Status : RUNNING
  Created: 2026-01-31T09:05:03.000Z
  Prompt : Plan the steps ${'x'.repeat(65)}...

ID     : t-1
  Status : COMPLETED
  Created: 2026-01-31T09:05:03.000Z
  Prompt : Say OK....

`,
    '',
  ]);
  expect((await run('fiedler-tasks 1', answers))[1]).toContain(
    '--- Showing Last 1 Fiedler Tasks ---\nID     : t-2',
  );
  expect(await run('fiedler-tasks', { fiedler_list_tasks: listing() })).toEqual([0, 'No tasks found.\n', '']);
});

test.each(['0', '-5', 'ten', '1e3', '1001', '6.5'])('fiedler-tasks %s is refused in words', async (count) => {
  const [code, out, err] = await run(`fiedler-tasks ${count}`, {});
  expect([code, out]).toEqual([2, '']);
  expect(err).toBe(`fiedler-tasks: N must be a whole number from 1 to 1000, not '${count}'.\n`);
});

test('fiedler-tasks with more than one word says how many it takes', async () => {
  expect(await run('fiedler-tasks 5 6', {})).toEqual([
    2,
    '',
    'fiedler-tasks: takes one word, the number N, and was given 2: 5 6.\n',
  ]);
});

test('a prompt cannot forge lines or steer the terminal', async () => {
  const prompt = 'x\r\nID     : forged\u001b[2J\u009b';
  const [, out] = await run('fiedler-tasks', { fiedler_list_tasks: listing(task('t-1', { prompt })) });
  expect(out).toContain('  Prompt : x ID : forged[2J...\n');
});

test('fiedler-task-details prints the task as JSON that a program reads too', async () => {
  const strange = task('t-1', { prompt: 'a\u009bb\u007f' });
  const [code, out] = await run('fiedler-task-details t-1', {
    fiedler_get_task_status: () => ({ ...strange }),
  });
  expect([code, JSON.parse(out)]).toEqual([0, strange]);
  expect(out).not.toMatch(/[\u007f-\u009f]/);
  expect(out).toMatch(/^\{\n {2}"task_id": "t-1",\n/);
});

test('fiedler-task-details without an id, or of none', async () => {
  expect(await run('fiedler-task-details', {})).toEqual([
    2,
    '',
    'fiedler-task-details: Usage: fiedler-task-details <task_id>. fiedler-tasks shows the ids.\n',
  ]);
  const notFound = () => {
    throw new MadError('not_found', "Task with id 'x' not found.");
  };
  expect(await run('fiedler-task-details x', { fiedler_get_task_status: notFound })).toEqual([
    1,
    '',
    "Task with ID 'x' not found.\n",
  ]);
});

test('fiedler-follow prints the answer to its end, and ends as the task did', async () => {
  const event = (seq: number, token: string) => ({
    seq,
    type: 'token',
    attempt: 1,
    timestamp: '2026-01-31T09:05:03.000Z',
    token,
  });
  const pages = (end: TaskView['status']) => ({
    fiedler_get_task_events: ({ after }: Record<string, unknown>) => ({
      status: 'success',
      task_id: 't-1',
      task_status: after === 0 ? 'STREAMING' : end,
      events: after === 0 ? [event(1, 'Hello ')] : [event(2, 'you.')],
      next_after: after === 0 ? 1 : 2,
      done: after !== 0,
    }),
    fiedler_get_task_status: () => ({ ...task('t-1', { status: end }) }),
  });
  const [code, out, err] = await run('fiedler-follow t-1', pages('COMPLETED'));
  expect([code, out]).toEqual([0, 'Hello you.\n']);
  expect(err).toContain('[COMPLETED] task t-1');
  expect((await run('fiedler-follow t-1', pages('FAILED')))[0]).toBe(1);
});

test('ids of tasks complete a line', async () => {
  const answers = { fiedler_list_tasks: listing(task('ab-1'), task('ac-2')) };
  expect(await complete('fiedler-follow a', answers)).toEqual([['ab-1', 'ac-2'], 'a']);
  expect(await complete('fiedler-task-details ab', answers)).toEqual([['ab-1 '], 'ab']);
});
