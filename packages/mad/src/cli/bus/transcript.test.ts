import type { Thought } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import {
  call,
  eventsOf,
  PLAN,
  result,
  taskView,
  token,
} from '../../recorded-model/recording.test-support.ts';
import type { Known } from './known-ids.ts';
import { replyTranscript, taskTranscript } from './transcript.ts';

const id = (digit: number): string => `${digit}0000000-0000-4000-8000-000000000000`;
const NOBODY: Known = new Map();

const linesOf = (
  thoughts: readonly Thought[],
  {
    view = {},
    names = NOBODY,
    withResults = true,
  }: { view?: object; names?: Known; withResults?: boolean } = {},
): string[] => taskTranscript(taskView(view), eventsOf(thoughts), { names, withResults });

describe('a transcript', () => {
  test('says what was asked, planned, said, looked up, and how it ended, in order', () => {
    const plan: Thought = { type: 'plan', plan: PLAN, note: 'A plan with one step.' };
    const response = { result_payload: { response: 'I look.\n\nIt is one.' } };
    expect(
      linesOf(
        [
          plan,
          token('I look.'),
          call('look', { n: 1 }),
          result('look', '{"seen":[1]}'),
          token('\n\nIt is one.'),
        ],
        {
          view: response,
          names: new Map([['conversation-1', '<conversation 1>']]),
        },
      ),
    ).toEqual([
      'asked by  me in <conversation 1>',
      'prompt    Do it.',
      'plan      A plan with one step.',
      'plan      {',
      'plan       "plan": [',
      'plan        {',
      'plan         "step_number": 1,',
      'plan         "title": "Build",',
      'plan         "description": "Build it."',
      'plan        }',
      'plan       ]',
      'plan      }',
      'says      I look.',
      'asks for  look {"n":1}',
      'is given  look {',
      'is given   "seen": [',
      'is given    1',
      'is given   ]',
      'is given  }',
      'says      ',
      'says      ',
      'says      It is one.',
      'end       COMPLETED',
    ]);
  });

  test('is the same however its tokens were grouped', () => {
    const whole = linesOf([token('one two three')]);
    expect(linesOf([token('one'), token(' two '), token('three')])).toEqual(whole);
    expect(linesOf([token('one two')])).not.toEqual(whole);
  });

  test('shows a response that is not what was said', () => {
    const lines = linesOf([token('one')], { view: { result_payload: { response: 'two' } } });
    expect(lines.slice(-3)).toEqual(['says      one', 'response  two', 'end       COMPLETED']);
  });

  test('shows a failure with its words, and without how long a provider was away', () => {
    const error = (words: string) => ({
      view: {
        status: 'FAILED',
        error_details: { code: 'provider_unavailable', message: words, stack_trace: 'at x' },
      },
    });
    expect(linesOf([], error('Busy.')).at(-1)).toBe('end       FAILED (provider_unavailable) Busy.');
    const away = 'The model provider has been away for 12 s. Busy.';
    expect(linesOf([], error(away))).toEqual(linesOf([], error('Busy.')));
  });

  test.each([
    ['times', '"2026-01-31T09:05:03.004Z"', '"2026-02-01T10:00:00+02:00"'],
    ['numbers of events', '"last_seq":12', '"last_seq":7'],
    ['numbers of attempts', '"attempt":1', '"attempt":2'],
    ['numbers of messages', '"total_messages":100', '"total_messages":3'],
    ['owners', '"owner":"alice"', '"owner":"local"'],
    ['stack traces', '"stack_trace":"Error\\n at \\"x\\""', '"stack_trace":null'],
  ])('leaves %s out of what tools gave, and only there', (_, then, now) => {
    const given = (value: string) =>
      linesOf([result('look', `{${value.startsWith('"2') ? `"at":${value}` : value}}`)]);
    expect(given(then)).toEqual(given(now));
    expect(linesOf([token(then)])).not.toEqual(linesOf([token(now)]));
    expect(linesOf([call('look', { at: then })])).not.toEqual(linesOf([call('look', { at: now })]));
  });

  test('keeps every other difference in what tools gave, where it is asked for', () => {
    const one = [result('look', '{"status":"COMPLETED"}')];
    const other = [result('look', '{"status":"FAILED"}')];
    expect(linesOf(one)).not.toEqual(linesOf(other));
    expect(linesOf(one, { withResults: false })).toEqual(linesOf(other, { withResults: false }));
    expect(linesOf(one, { withResults: false })).not.toEqual(
      linesOf([result('see', '')], { withResults: false }),
    );
  });

  test('numbers ids, so that the same one is the same and another one is not', () => {
    const lines = (...digits: number[]) => linesOf(digits.map((digit) => token(`${id(digit)} `)));
    expect(lines(1, 2, 1)).toEqual(lines(3, 4, 3));
    expect(lines(1, 2, 1)).not.toEqual(lines(3, 4, 4));
  });

  test('names ids that are known, also those that are no UUIDs, where a field of JSON holds them', () => {
    const names = new Map([
      [id(1), '<task 1>'],
      ['chat', '<conversation 1>'],
    ]);
    expect(
      linesOf([result('look', `{"task_id":"${id(1)}","conversation_id":"chat","words":"chat"}`)], { names }),
    ).toEqual([
      'asked by  me in conversation-1',
      'prompt    Do it.',
      'is given  look {',
      'is given   "task_id": "<task 1>",',
      'is given   "conversation_id": "<conversation 1>",',
      'is given   "words": "chat"',
      'is given  }',
      'end       COMPLETED',
    ]);
  });
});

test('a reply is compared like what a tool gave', () => {
  const reply = (payload: Record<string, unknown>, withResults = true) =>
    replyTranscript({ sender_id: 'fiedler', payload }, { names: NOBODY, withResults });
  expect(reply({ at: '2026-01-31T09:05:03Z', task: id(1) })).toEqual(
    reply({ at: '2027-01-31T09:05:03Z', task: id(2) }),
  );
  expect(reply({ status: 'success' })).not.toEqual(reply({ status: 'error' }));
  expect(reply({ status: 'success' }, false)).toEqual(['reply     of fiedler']);
  expect(replyTranscript(null, { names: NOBODY, withResults: true })).toEqual(['(no reply)']);
});
