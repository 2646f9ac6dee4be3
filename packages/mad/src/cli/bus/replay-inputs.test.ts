import { createEnvelope, type EnvelopeDraft, type Position } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { recordedTask } from '../../recorded-model/recording.test-support.ts';
import type { LoggedMessage } from './grace-log.ts';
import { mustWait, type ReplayInput, replayInputs } from './replay-inputs.ts';

const MINUTE = 60_000;
const iso = (minute: number): string => new Date(minute * MINUTE).toISOString();

const task = (taskId: string, from: number, to: number, prompt = taskId) =>
  recordedTask([], { task_id: taskId, prompt, created_at: iso(from), finished_at: iso(to) });
const message = (id: string, minute: number, draft: Partial<EnvelopeDraft> = {}): LoggedMessage => ({
  ...createEnvelope({
    channel: 'mad.direct.fiedler',
    senderId: 'grace',
    payload: {},
    messageId: id,
    ...draft,
  }),
  position: `epoch-1:${minute * MINUTE}-${minute}` as Position,
});
const reply = (to: string, minute: number, payload: Record<string, unknown> = {}) =>
  message(`reply-${to}`, minute, {
    channel: 'mad.direct.grace',
    senderId: 'fiedler',
    payload,
    headers: { in_reply_to: to },
  });
const nameOf = (input: ReplayInput): string =>
  input.kind === 'task' ? input.task.view.task_id : input.message.message_id;

describe('what was put in', () => {
  test('comes in its order, prompts and messages alike', () => {
    const inputs = replayInputs({
      tasks: [task('a', 1, 2), task('b', 4, 5)],
      messages: [message('m', 3), message('n', 6)],
    });
    expect(inputs.map(nameOf)).toEqual(['a', 'm', 'b', 'n']);
  });

  test('a reply is none of it, and belongs to what it answers', () => {
    const messages = [message('m', 1), reply('m', 2), reply('unseen', 3)];
    const inputs = replayInputs({ tasks: [], messages });
    expect(inputs).toMatchObject([{ kind: 'message', reply: { message_id: 'reply-m' }, toMs: 2 * MINUTE }]);
  });

  test('a task that a message made comes with the message, and is over when the task is', () => {
    const messages = [message('m', 1), reply('m', 2, { task_id: 'a' })];
    const inputs = replayInputs({ tasks: [task('a', 2, 9), task('b', 3, 4)], messages });
    expect(inputs).toMatchObject([
      { kind: 'message', task: { view: { task_id: 'a' } }, toMs: 9 * MINUTE },
      { kind: 'task', task: { view: { task_id: 'b' } } },
    ]);
  });
});

test.each([
  ['was over before', task('a', 1, 2), task('b', 3, 4), true],
  ['ended as it began', task('a', 1, 3), task('b', 3, 4), true],
  ['overlapped', task('a', 1, 4), task('b', 3, 5), false],
  ['overlapped with the same prompt', task('a', 1, 4, 'p'), task('b', 3, 5, 'p'), true],
])('waits for what %s', (_, a, b, expected) => {
  const [earlier, later] = replayInputs({ tasks: [a, b], messages: [] });
  expect(mustWait(earlier as ReplayInput, later as ReplayInput)).toBe(expected);
});
