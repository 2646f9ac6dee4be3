import { expect, test } from 'vitest';
import { asksSomething, findEcho } from './echo.ts';

test.each([
  ['System check, please respond with OK.', 'OK'],
  ['respond with "pong, please"', 'pong, please'],
  ['Please say hello!', 'hello'],
  ['Reply only with: ready', 'ready'],
  ['Reply with exactly the word READY.', 'READY'],
  ['Answer with version 1.5.', 'version 1.5'],
  ['echo: hi there', 'hi there'],
  ['I am not sure you hear me, please respond with OK.', 'OK'],
  ['Respond with "now or never"', 'now or never'],
])('“%s” asks for %s', (prompt, words) => {
  expect(findEcho(prompt)).toMatchObject({ words, plain: true });
});

test.each([
  'reply with a list of failed tasks',
  'say which sender is busiest',
  'Respond with how many messages fiedler sent',
  'respond with OK if fiedler is up',
  'say OK if up',
])('“%s” asks for an answer, not for words', (prompt) => {
  expect(findEcho(prompt)?.plain).toBe(false);
});

test.each([
  'What does fiedler say?',
  'Reply with yes or no.',
  'Reply with yes, no or maybe.',
  'Answer with yes/no',
  'Reply with "yes" or "no": is fiedler down?',
  'do not respond with OK',
  "Please don't reply with OK",
  'Never respond with OK.',
  'How does fiedler respond with OK?',
])('“%s” asks for no words to be repeated', (prompt) => {
  expect(findEcho(prompt)).toBeNull();
});

test('what no rule answers may be a longer text to repeat', () => {
  expect(findEcho('respond with OK and nothing else')).toMatchObject({
    words: 'OK and nothing else',
    plain: false,
  });
});

test('the rest is a prompt of its own', () => {
  expect(findEcho('Is fiedler down? Please respond with OK.')?.rest).toBe('Is fiedler down?');
  expect(findEcho('Please respond with OK. Is fiedler down?')?.rest).toBe('Is fiedler down?');
});

test.each([
  ['Is fiedler down? Please respond with OK.', true],
  ['Please respond with OK. Which tasks failed?', true],
  ['If everything is up, respond with "OK".', true],
  ['Tell me who is stale and then reply with done', true],
  ['System check, please respond with OK.', false],
  ['This is a health check. Please respond with OK.', false],
  ['Health check: respond with OK', false],
])('“%s” asks for more: %s', (prompt, more) => {
  expect(asksSomething(findEcho(prompt)?.rest as string)).toBe(more);
});
