import { expect, test } from 'vitest';
import { event, message } from '../testing.ts';
import { summaryOf } from './summary.ts';

test.each([
  [
    'a heartbeat',
    { channel: 'mad.system.heartbeat', payload: { type: 'heartbeat', health: 'HEALTHY', uptime_s: 75 } },
    'HEALTHY · up 1 min 15 s',
  ],
  ['a token', { channel: 'mad.stream.t', payload: event(1, 'token', { token: 'Hi' }) }, '“Hi”'],
  [
    'a failure',
    { channel: 'mad.stream.t', payload: event(1, 'state', { status: 'FAILED', error: { message: 'away' } }) },
    'is FAILED: away',
  ],
  [
    'a plan',
    { channel: 'mad.stream.t', payload: event(1, 'plan', { plan: { plan: [{}, {}] } }) },
    'plan of 2 steps',
  ],
  [
    'a tool call',
    { channel: 'mad.stream.t', payload: event(1, 'tool_call', { name: 'look', arguments: { a: 1 } }) },
    'calls look {"a":1}',
  ],
  [
    'a request',
    {
      channel: 'mad.direct.fiedler',
      payload: { tool_name: 'fiedler_converse', tool_input: { prompt: 'x' } },
    },
    'calls fiedler_converse {"prompt":"x"}',
  ],
  [
    'a refusal',
    { channel: 'mad.direct.me', payload: { status: 'error', code: 'forbidden', message: 'No.' } },
    'refused, forbidden: No.',
  ],
  [
    'an action',
    {
      channel: 'mad.topic.audit',
      payload: {
        event: 'console_action',
        caller: 'alice',
        tool: 'fiedler_cancel_task',
        mad: 'fiedler',
        outcome: 'ok',
      },
    },
    'alice called fiedler_cancel_task of fiedler: ok',
  ],
  ['anything', { payload: { a: 1 } }, '{"a":1}'],
  ['a large one', { payload: null, excerpt: '{"text":"xxx' }, '{"text":"xxx'],
])('%s in one line', (_, draft, words) => {
  expect(summaryOf(message(1, draft as never))).toBe(words);
});

test('a summary is short, whatever the message is', () => {
  expect(summaryOf(message(1, { payload: { text: 'x'.repeat(15_000) } })).length).toBeLessThanOrEqual(200);
});
