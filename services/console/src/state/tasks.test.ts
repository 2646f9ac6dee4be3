import type { TaskView } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { entry, event, memoryStorage } from '../testing.ts';
import { ApiError } from '../wire/api.ts';
import { Talk } from './talk.ts';
import { Tasks } from './tasks.ts';

const task = (id: string, minute: number, fields: Partial<TaskView> = {}): TaskView => ({
  task_id: id,
  status: 'RUNNING',
  requester_id: 'me',
  prompt: `prompt of ${id}`,
  result_payload: null,
  error_details: null,
  created_at: `2026-11-21T12:${String(minute).padStart(2, '0')}:00.000Z`,
  updated_at: `2026-11-21T12:${String(minute).padStart(2, '0')}:00.000Z`,
  started_at: null,
  finished_at: null,
  correlation_id: 'c',
  conversation_id: 'c',
  owner: 'alice',
  attempt: 1,
  last_seq: 1,
  ...fields,
});

type Answer = (tool: string, input: Record<string, unknown>) => unknown;
/** An api whose tools the test answers; what they throw is what the group refuses. */
const apiOf = (answer: Answer) => {
  const calls: { tool: string; input: Record<string, unknown> }[] = [];
  return {
    calls,
    call: async <Reply>(_mad: string, tool: string, input: object): Promise<Reply> => {
      calls.push({ tool, input: input as Record<string, unknown> });
      return answer(tool, input as Record<string, unknown>) as Reply;
    },
  };
};
const END = '2026-11-21T12:30:00.000Z';
const stateEvent = (taskId: string, status: string, seq: number) =>
  entry(1, { channel: `mad.stream.${taskId}`, payload: event(seq, 'state', { status, timestamp: END }) });

test('the tasks of both MADs are one list, newest first; one that cannot be listed says why', async () => {
  const tasks = new Tasks(
    apiOf((tool) => {
      if (tool === 'rogers_list_tasks') throw new ApiError('timeout', 'rogers did not answer');
      return { tasks: [task('b', 2), task('a', 1)], next_before: null };
    }),
  );
  await tasks.load();
  expect(tasks.list.value.map(({ mad, task_id }) => [mad, task_id])).toEqual([
    ['fiedler', 'b'],
    ['fiedler', 'a'],
  ]);
  expect([...tasks.problems.value]).toEqual([['rogers', 'rogers did not answer']]);
});

test('the list keeps up with the bus; a task that nobody listed yet makes it be read again', async () => {
  const known = [task('a', 1)];
  const api = apiOf((tool) => ({ tasks: tool === 'fiedler_list_tasks' ? known : [], next_before: null }));
  const tasks = new Tasks(api);
  await tasks.load();
  // Both within one millisecond.
  tasks.take(stateEvent('a', 'RUNNING', 4));
  tasks.take(stateEvent('a', 'COMPLETED', 5));
  expect(tasks.list.value[0]).toMatchObject({ status: 'COMPLETED', finished_at: END });
  // What the log says again after a reload is no news.
  tasks.take(stateEvent('a', 'RUNNING', 4));
  expect(tasks.list.value[0]?.status).toBe('COMPLETED');
  known.push(task('b', 2));
  tasks.take(stateEvent('b', 'PENDING', 1));
  await expect.poll(() => tasks.list.value.map(({ task_id }) => task_id)).toEqual(['b', 'a']);
  expect(tasks.list.value[1]?.status).toBe('COMPLETED');
});

test('where long tasks do not fit into one reply, fewer are asked for', async () => {
  const api = apiOf((_, { limit }) => {
    if (Number(limit) > 5) throw new ApiError('payload_too_large', 'too large');
    return { tasks: [], next_before: null };
  });
  const tasks = new Tasks(api);
  await tasks.load();
  expect(tasks.problems.value.size).toBe(0);
  expect(api.calls.map(({ input }) => input.limit)).toEqual([25, 25, 5, 5]);
});

test('older tasks are read a page at a time', async () => {
  const api = apiOf((tool, { before }) => {
    if (tool === 'rogers_list_tasks') return { tasks: [], next_before: null };
    return before === undefined
      ? { tasks: [task('b', 2)], next_before: 'page-2' }
      : { tasks: [task('a', 1)], next_before: null };
  });
  const tasks = new Tasks(api);
  await tasks.load();
  expect(tasks.hasOlder.value).toBe(true);
  await tasks.loadOlder();
  expect(tasks.list.value.map(({ task_id }) => task_id)).toEqual(['b', 'a']);
  expect(tasks.hasOlder.value).toBe(false);
});

test('of two that cannot be listed each says why, whichever comes first', async () => {
  const tasks = new Tasks({
    call: async (mad) => {
      if (mad === 'rogers') await new Promise((resolve) => setTimeout(resolve, 10));
      throw new ApiError('timeout', `${mad} did not answer`);
    },
  });
  await tasks.load();
  expect([...tasks.problems.value.values()].sort()).toEqual([
    'fiedler did not answer',
    'rogers did not answer',
  ]);
});

test('a page that stays open does not gather all tasks that there ever were, and older ones can be read', async () => {
  let first = 0;
  const api = apiOf((tool, { before }) => {
    if (tool === 'rogers_list_tasks') return { tasks: [], next_before: null };
    const from = before === undefined ? first : Number(before) - 25;
    const ids = Array.from({ length: 25 }, (_, index) => from + 24 - index);
    const tasks = ids.map((id) => task(String(id), 0, { created_at: new Date(id * 1000).toISOString() }));
    return { tasks, next_before: String(from) };
  });
  const tasks = new Tasks(api);
  for (let load = 0; load < 200; load += 1) {
    await tasks.load();
    first += 25;
  }
  const ids = () => tasks.list.value.map(({ task_id }) => Number(task_id));
  expect(ids().length).toBeLessThan(1100);
  expect(ids()[0]).toBe(4999);
  const oldest = ids().at(-1) ?? 0;
  await tasks.loadOlder();
  expect(ids().at(-1)).toBe(oldest - 25);
});

test('a question that was under way when the page was left is there again, with the same key', async () => {
  const storage = memoryStorage();
  const never = new Talk({ call: () => new Promise(() => undefined) }, storage);
  void never.ask('fiedler', 'Hello?');
  const [turn] = new Talk(
    apiOf(() => ({})),
    storage,
  ).turns.value;
  expect(turn).toMatchObject({
    key: never.turns.value[0]?.key,
    prompt: 'Hello?',
    problem: 'The page was left before this was taken.',
  });
});

test('a question is asked once, however often it is sent, and earlier turns go along', async () => {
  let fails = true;
  const api = apiOf((_, { correlation_id }) => {
    if (fails) throw new ApiError('unreachable', 'Rogers cannot be reached.');
    return { task_id: 'task-1', conversation_id: 'conv-1', correlation_id };
  });
  const storage = memoryStorage();
  const talk = new Talk(api, storage);
  await talk.ask('fiedler', 'Hello?');
  expect(talk.turns.value).toMatchObject([{ taskId: null, problem: 'Rogers cannot be reached.' }]);
  fails = false;
  await talk.again(talk.turns.value[0]?.key ?? '');
  expect(talk.turns.value).toMatchObject([{ taskId: 'task-1', problem: null }]);
  await talk.ask('fiedler', 'And then?');
  const inputs = api.calls.map(({ input }) => input);
  expect(inputs[1]?.idempotency_key).toBe(inputs[0]?.idempotency_key);
  expect(inputs[2]?.idempotency_key).not.toBe(inputs[0]?.idempotency_key);
  expect(inputs.map(({ conversation_id }) => conversation_id)).toEqual([undefined, undefined, 'conv-1']);
  // A reload brings it back.
  expect(new Talk(api, storage).turns.value).toEqual(talk.turns.value);
});
