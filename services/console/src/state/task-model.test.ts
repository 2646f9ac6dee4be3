import { expect, test } from 'vitest';
import { event } from '../testing.ts';
import { NEW_TASK, nextTask } from './task-model.ts';

const after = (...events: ReturnType<typeof event>[]) => events.reduce(nextTask, NEW_TASK);

test('tokens are the answer; states, the first token and the end have their times', () => {
  const events = [
    event(1, 'state', { status: 'PENDING' }),
    event(2, 'state', { status: 'RUNNING' }),
    event(3, 'token', { token: 'Hel' }),
    event(4, 'token', { token: 'lo' }),
    event(5, 'state', { status: 'COMPLETED' }),
  ];
  expect(after(...events)).toMatchObject({
    seq: 5,
    status: 'COMPLETED',
    text: 'Hello',
    tokenEvents: 2,
    createdAt: events[0]?.timestamp,
    firstTokenAt: events[2]?.timestamp,
    endedAt: events[4]?.timestamp,
  });
});

test('a new attempt answers anew, and says why', () => {
  const model = after(
    event(1, 'state', { status: 'RUNNING' }),
    event(2, 'plan', { plan: { plan: [] }, note: '' }),
    event(3, 'token', { token: 'half an ans' }),
    event(4, 'attempt', { attempt: 2, reason: 'This instance stopped.' }),
    event(5, 'state', { attempt: 2, status: 'PENDING' }),
    event(6, 'token', { attempt: 2, token: 'whole' }),
  );
  expect(model).toMatchObject({ attempt: 2, text: 'whole', steps: [], retried: 'This instance stopped.' });
});

test('a tool’s result belongs to its call, the oldest of that name that waits', () => {
  const model = after(
    event(1, 'tool_call', { name: 'look', arguments: { at: 1 } }),
    event(2, 'tool_call', { name: 'look', arguments: { at: 2 } }),
    event(3, 'tool_call', { name: 'count', arguments: {} }),
    event(4, 'tool_result', { name: 'look', content: 'one' }),
    event(5, 'tool_result', { name: 'count', content: 'three' }),
  );
  expect(
    model.steps.map((step) => step.type === 'tool' && [step.name, step.arguments.at, step.result]),
  ).toEqual([
    ['look', 1, 'one'],
    ['look', 2, null],
    ['count', undefined, 'three'],
  ]);
});

test('a failure keeps its words and its code', () => {
  const error = { message: 'The provider is away.', code: 'provider_unavailable' };
  expect(after(event(1, 'state', { status: 'FAILED', error }))).toMatchObject({ status: 'FAILED', error });
});
