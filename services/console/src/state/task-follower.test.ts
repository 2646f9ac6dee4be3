import type { TaskEvent, TaskStatus } from '@mad-group/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { event } from '../testing.ts';
import { ApiError } from '../wire/api.ts';
import { type EventPage, TaskFollower } from './task-follower.ts';

/** A task whose events the test adds; what of them comes over the bus is its choice. */
function setUp(stored: TaskEvent[], maxPerReply = 1000) {
  let status: TaskStatus = 'RUNNING';
  const asked: { after: number; limit: number }[] = [];
  const read = async (_id: string, after: number, limit: number): Promise<EventPage> => {
    asked.push({ after, limit });
    if (limit > maxPerReply) throw new ApiError('payload_too_large', 'too large');
    const events = stored.filter(({ seq }) => seq > after).slice(0, limit);
    const isLast = events.length === 0 || events.at(-1)?.seq === stored.at(-1)?.seq;
    return { events, task_status: status, done: status === 'COMPLETED' && isLast };
  };
  const follower = new TaskFollower('t', read);
  onTestFinished(() => follower.stop());
  return {
    follower,
    asked,
    text: () => follower.model.value.text,
    end: () => {
      status = 'COMPLETED';
    },
  };
}
const tokens = (from: number, to: number): TaskEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) =>
    event(from + index, 'token', { token: `${from + index} ` }),
  );
const textOf = (to: number): string =>
  tokens(1, to)
    .map(({ token }) => token)
    .join('');

test('what happened before is read, what comes is taken from the bus, and nothing is asked for it', async () => {
  const { follower, asked, text } = setUp(tokens(1, 3));
  await expect.poll(text).toBe(textOf(3));
  for (const one of tokens(4, 50)) follower.take(one);
  expect(text()).toBe(textOf(50));
  expect(asked).toHaveLength(1);
});

test('events that come while it reads, twice, or in part before, are taken once', async () => {
  const stored = tokens(1, 10);
  const { follower, asked, text } = setUp(stored);
  for (const one of tokens(5, 12)) follower.take(one);
  await expect.poll(text).toBe(textOf(12));
  for (const one of tokens(1, 12)) follower.take(one);
  expect(text()).toBe(textOf(12));
  expect(asked).toHaveLength(1);
});

test.each([0, 1, 2, 3, 4, 5, 6, 8, 12])(
  'an event that comes %i turns after it began to read does not wait for another',
  async (turns) => {
    const { follower, text } = setUp(tokens(1, 3));
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    follower.take(event(4, 'token', { token: '4 ' }));
    await expect.poll(text).toBe(textOf(4));
  },
);

test('a hole in what comes is filled from the task', async () => {
  const stored = tokens(1, 3);
  const { follower, text } = setUp(stored);
  await expect.poll(text).toBe(textOf(3));
  stored.push(...tokens(4, 8));
  follower.take(stored[7] as TaskEvent);
  await expect.poll(text).toBe(textOf(8));
});

test('an event that was too large for the bus, or for the page, is read', async () => {
  const stored = tokens(1, 3);
  const { follower, text } = setUp(stored);
  await expect.poll(text).toBe(textOf(3));
  stored.push(...tokens(4, 5));
  follower.take(event(4, 'token', { token: '', truncated: true }));
  await expect.poll(text).toBe(textOf(5));
  stored.push(...tokens(6, 6));
  follower.take(null);
  await expect.poll(text).toBe(textOf(6));
});

test('where replies are bounded, fewer are asked for at once', async () => {
  const { asked, text, end } = setUp(tokens(1, 100), 10);
  end();
  await expect.poll(text).toBe(textOf(100));
  expect(asked.map(({ limit }) => limit).slice(0, 3)).toEqual([500, 62, 7]);
});

test('numbers that come again in a new attempt, as after a loss of power, make it begin anew', async () => {
  const stored = tokens(1, 6);
  const { follower, text } = setUp(stored);
  await expect.poll(text).toBe(textOf(6));
  stored.splice(2);
  stored.push(event(3, 'attempt', { attempt: 2 }), event(4, 'token', { attempt: 2, token: 'anew' }));
  follower.take(event(3, 'attempt', { attempt: 2 }));
  follower.take(event(4, 'token', { attempt: 2, token: 'anew' }));
  await expect.poll(text).toBe('anew');
});

test('a task that is not there says so, and is not asked for again', async () => {
  let asked = 0;
  const follower = new TaskFollower('t', async () => {
    asked += 1;
    throw new ApiError('not_found', "Task 't' not found.");
  });
  await expect.poll(() => follower.problem.value).toBe("Task 't' not found.");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).toBe(1);
});
