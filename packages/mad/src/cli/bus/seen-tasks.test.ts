import { createEnvelope } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { SeenTasks } from './seen-tasks.ts';

const event = (taskId: string, seq: number, rest: Record<string, unknown> = {}) =>
  createEnvelope({
    channel: `mad.stream.${taskId}`,
    senderId: 'fiedler',
    payload: { seq, type: 'token', token: 'x', attempt: 1, ...rest },
  });
const end = (taskId: string, seq: number, status = 'COMPLETED') =>
  event(taskId, seq, { type: 'state', status });
const notice = (taskId: string) =>
  createEnvelope({
    channel: 'mad.direct.me',
    senderId: 'rogers',
    payload: { notification_type: 'task_update', task_id: taskId, status: 'COMPLETED' },
  });
const seen = (...messages: ReturnType<typeof event>[]): SeenTasks => {
  const tasks = new SeenTasks();
  for (const message of messages) tasks.see(message);
  return tasks;
};

describe('tasks among messages', () => {
  test('come when they have ended, each once', () => {
    const tasks = seen(event('a', 1), event('b', 1), event('a', 2), end('a', 3), notice('a'));
    expect(tasks.takeEnded()).toEqual([{ mad: 'fiedler', taskId: 'a', wholeUpTo: 3 }]);
    tasks.see(notice('a'));
    tasks.see(event('a', 4));
    expect(tasks.takeEnded()).toEqual([]);
    expect(tasks.takeRunning()).toEqual([{ mad: 'fiedler', taskId: 'b', wholeUpTo: 1 }]);
    expect(tasks.takeRunning()).toEqual([]);
  });

  test.each(['COMPLETED', 'FAILED', 'CANCELLED'])('end with %s', (status) => {
    expect(seen(end('a', 1, status)).takeEnded()).toHaveLength(1);
  });

  test('are known by their notification alone, where their streams are not among them', () => {
    expect(seen(notice('a')).takeEnded()).toEqual([{ mad: 'rogers', taskId: 'a', wholeUpTo: 0 }]);
  });

  test('whose notification comes before the end of their stream come with that end', () => {
    const tasks = seen(event('a', 1), notice('a'));
    expect(tasks.takeEnded()).toEqual([]);
    tasks.see(end('a', 2));
    expect(tasks.takeEnded()).toMatchObject([{ wholeUpTo: 2 }]);
  });

  test.each([
    ['the first', [event('a', 2), end('a', 3)], 0],
    ['one in between', [event('a', 1), end('a', 3)], 1],
    [
      'one that came without its content',
      [event('a', 1), event('a', 2, { truncated: true }), end('a', 3)],
      1,
    ],
  ])('say where events are missing: %s', (_, messages, wholeUpTo) => {
    expect(seen(...messages).takeEnded()).toMatchObject([{ wholeUpTo }]);
  });

  test('that have ended take no memory', () => {
    const tasks = new SeenTasks();
    for (let index = 0; index < 10_500; index += 1) tasks.see(end(`task-${index}`, 1));
    expect(tasks.takeEnded()).toHaveLength(10_500);
    expect(tasks.takeRunning()).toEqual([]);
    // The latest are still known, the oldest no longer.
    tasks.see(notice('task-10499'));
    tasks.see(notice('task-0'));
    expect(tasks.takeEnded()).toMatchObject([{ taskId: 'task-0' }]);
  });
});
