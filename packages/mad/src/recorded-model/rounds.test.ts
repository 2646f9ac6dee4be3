import { type Thought, withoutPlanNotice } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { call, PLAN, recordedTask, result, token } from './recording.test-support.ts';
import { recordedAnswer } from './rounds.ts';

const NOTE = 'Sequential Thinking is not configured.';
const NOTICE = withoutPlanNotice(NOTE);
const noPlan: Thought = { type: 'plan', plan: null, note: NOTE };
const plan: Thought = { type: 'plan', plan: PLAN, note: 'made' };

/** Each round as its text, the tools that it asked for, and how it ended. */
const roundsOf = (...args: Parameters<typeof recordedTask>) =>
  recordedAnswer(recordedTask(...args)).rounds.map(
    ({ pieces, calls, end }) => [pieces.join(''), calls.map(({ name }) => name).join(), end.kind] as const,
  );

describe('rounds of a task', () => {
  test.each<[string, Thought[], ReturnType<typeof roundsOf>]>([
    ['an answer', [token('a'), token('b')], [['ab', '', 'complete']]],
    ['nothing', [], [['', '', 'complete']]],
    [
      'a call without words',
      [call('x'), result('x', '1'), token('a')],
      [
        ['', 'x', 'complete'],
        ['a', '', 'complete'],
      ],
    ],
    [
      'words before a call: what parts them from those behind it is the Imperator’s',
      [token('a'), call('x'), result('x', '1'), token('\n\nb')],
      [
        ['a', 'x', 'complete'],
        ['b', '', 'complete'],
      ],
    ],
    [
      'words before a call that end their line',
      [token('a\n'), call('x'), result('x', '1'), token('\n\nb')],
      [
        ['a\n', 'x', 'complete'],
        ['\n\nb', '', 'complete'],
      ],
    ],
    [
      'calls together, and calls one after the other',
      [call('x'), call('y'), result('x', '1'), result('y', '2'), call('z'), result('z', '3'), token('a')],
      [
        ['', 'x,y', 'complete'],
        ['', 'z', 'complete'],
        ['a', '', 'complete'],
      ],
    ],
    ['a plan before the answer', [plan, token('a')], [['a', '', 'complete']]],
    ['no plan before the answer', [noPlan, token(`${NOTICE}a`)], [['a', '', 'complete']]],
    [
      'a plan that was asked for and was not to be had, among other calls',
      [
        token('a'),
        call('sequential_thinking', { prompt: 'p' }),
        call('x'),
        noPlan,
        result('sequential_thinking', '{}'),
        token(`\n\n${NOTICE}`),
        result('x', '1'),
        token('b'),
      ],
      [
        ['a', 'sequential_thinking,x', 'complete'],
        ['b', '', 'complete'],
      ],
    ],
    [
      'the same as the last of them: its notice and the next words are one event',
      [
        call('x'),
        call('sequential_thinking', { prompt: 'p' }),
        result('x', '1'),
        noPlan,
        result('sequential_thinking', '{}'),
        token(`${NOTICE}b`),
      ],
      [
        ['', 'x,sequential_thinking', 'complete'],
        ['b', '', 'complete'],
      ],
    ],
  ])('%s', (_, thoughts, expected) => expect(roundsOf(thoughts)).toEqual(expected));

  test('a task that was cancelled leaves its last round open', () => {
    expect(roundsOf([token('a')], { status: 'CANCELLED' })).toEqual([['a', '', 'open']]);
    expect(roundsOf([call('x')], { status: 'CANCELLED' })).toEqual([
      ['', 'x', 'complete'],
      ['', '', 'open'],
    ]);
  });

  test('a task that failed for its many rounds asks for one more', () => {
    const error_details = { code: 'tool_rounds_exceeded', message: 'Too many.', stack_trace: null };
    const given = { status: 'FAILED', error_details } as const;
    expect(roundsOf([call('x'), result('x', '1')], given)).toEqual([
      ['', 'x', 'complete'],
      ['', 'x', 'complete'],
    ]);
    expect(roundsOf([call('x'), result('x', '1'), token('a')], given)).toEqual([
      ['', 'x', 'complete'],
      ['a', 'x', 'complete'],
    ]);
  });

  test('plans belong to the prompt that they were asked for with', () => {
    const thoughts = [
      plan,
      call('x'),
      call('sequential_thinking', { prompt: 'inner' }),
      result('x', '1'),
      noPlan,
      result('sequential_thinking', '{}'),
      token('a'),
    ];
    expect(recordedAnswer(recordedTask(thoughts, { prompt: 'outer' })).plans).toEqual([
      { prompt: 'outer', plan: PLAN, note: 'made' },
      { prompt: 'inner', plan: null, note: NOTE },
    ]);
  });

  test('results are kept for the ids in them', () => {
    const [round] = recordedAnswer(recordedTask([call('x'), result('x', '{"id":1}')])).rounds;
    expect(round?.results).toEqual(['{"id":1}']);
  });
});
