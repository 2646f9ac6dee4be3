import { expect, test } from 'vitest';
import { findNames, namedSender, parseTaskIdPieces, parseTaskIds } from './names.ts';

test('task ids are found wherever they stand, each once', () => {
  const a = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
  const b = '0b1c2d3e-0000-4000-8000-000000000001';
  expect(parseTaskIds(`what happened to ${a.toUpperCase()}, (${b}) and ${a}?`)).toEqual([a, b]);
  expect(parseTaskIds('what happened to task 17?')).toEqual([]);
});

test.each([
  ['what happened to c2fbd33e?', ['c2fbd33e']],
  ['status of C2FBD3', ['c2fbd3']],
  ['task c2fbd33e-1a2b', ['c2fbd33e-1a2b']],
  ['what about c2fbd33x-1a2b-4000-8000-000000000001?', ['c2fbd33x-1a2b-4000-8000-000000000001']],
  ['what happened to task 17?', ['17']],
  ['show task "a1b2"', ['a1b2']],
  ['what happened to the last task 2 hours ago?', []],
  ['list the last 1000000 tasks of 2026-11-21', []],
  ['a facade for decades', []],
  ['is robot-7 up?', []],
  ['status of a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', []],
])('“%s” names pieces of ids: %j', (prompt, pieces) => {
  expect(parseTaskIdPieces(prompt)).toEqual(pieces);
});

test('the longest name wins, and a name within a word is none', () => {
  expect(findNames('How is FIEDLER-2 doing, and Grace?', ['fiedler', 'fiedler-2', 'grace'])).toEqual([
    'fiedler-2',
    'grace',
  ]);
  expect(findNames('ungraceful', ['grace'])).toEqual([]);
  expect(findNames("fiedler's messages", ['fiedler'])).toEqual(['fiedler']);
  expect(findNames('is a.b up', ['a.b', 'axb'])).toEqual(['a.b']);
});

test.each([
  ['How many messages did robot-7 send today?', 'robot-7'],
  ['messages from robot-7.', 'robot-7'],
  ['the number of messages sent by robot_7 in the last hour', 'robot_7'],
  ['How many messages did everyone send?', null],
  ['How many messages were there from the MADs?', null],
])('“%s” speaks of %s', (prompt, sender) => {
  expect(namedSender(prompt)).toBe(sender);
});
