import { expect, test } from 'vitest';
import { wordsToEcho } from './echo.ts';

test.each([
  ['System check, please respond with OK.', 'OK'],
  ['respond with "pong, please"', 'pong, please'],
  ['Please say hello!', 'hello'],
  ['Reply only with: ready', 'ready'],
  ['Reply with exactly the word READY.', 'READY'],
  ['Answer with version 1.5.', 'version 1.5'],
  ['echo: hi there', 'hi there'],
])('“%s” asks for %s', (prompt, words) => {
  expect(wordsToEcho(prompt, true)).toBe(words);
});

test.each([
  'reply with a list of failed tasks',
  'say which sender is busiest',
  'What does fiedler say?',
  'Respond with how many messages fiedler sent',
])('“%s” asks for an answer, not for words', (prompt) => {
  expect(wordsToEcho(prompt, true)).toBeNull();
});

test('what no rule answers may be a longer text to repeat', () => {
  expect(wordsToEcho('respond with OK and nothing else', true)).toBeNull();
  expect(wordsToEcho('respond with OK and nothing else', false)).toBe('OK and nothing else');
});
