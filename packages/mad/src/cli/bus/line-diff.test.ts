import { expect, test } from 'vitest';
import { diffLines } from './line-diff.ts';

const lines = (text: string): string[] => text.split('');

test.each([
  ['', '', []],
  ['abc', 'abc', []],
  ['abc', 'axc', ['  a', '- b', '+ x', '  c']],
  ['ab', 'abc', ['  a', '  b', '+ c']],
  ['abc', 'bc', ['- a', '  b', '  c']],
  ['', 'a', ['+ a']],
  ['abcdefgh', 'abcdXfgh', ['  c', '  d', '- e', '+ X', '  f', '  g']],
  ['abcdefghij', 'Xbcdefghi', ['- a', '+ X', '  b', '  c', '  …', '  h', '  i', '- j']],
])('%j and %j', (recorded, now, expected) => {
  expect(
    diffLines(lines(recorded), lines(now)).filter((line) => line !== '  …' || expected.includes(line)),
  ).toEqual(expected);
});

test('says where lines that are the same were left out', () => {
  expect(diffLines(lines('abcdef'), lines('abcdeX'))).toEqual(['  …', '  d', '  e', '- f', '+ X']);
});
