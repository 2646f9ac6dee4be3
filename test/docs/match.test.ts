import { describe, expect, test } from 'vitest';
import { difference } from './match.ts';

describe('what is printed agrees with the page', () => {
  test.each([
    ['the same', 'one\ntwo', 'one\ntwo\n'],
    ['nothing', '', ''],
    ['spaces at the end of lines', 'one\ntwo', 'one  \ntwo \n\n'],
    ['text within a line', '- Uptime: … s', '- Uptime: 12 s\n'],
    ['no text within a line', 'ok…', 'ok \n'],
    ['any lines', 'one\n…\nlast', 'one\n2\n3\nlast\n'],
    ['no line', 'one\n…\nlast', 'one\nlast\n'],
    ['what a regular expression would take for its own', 'a.b (c) [d] $e', 'a.b (c) [d] $e\n'],
    ['several times any lines', '…\nb\n…\nd\n…', 'a\nb\nc\nd\ne\n'],
  ])('%s', (_, shown, printed) => expect(difference(shown, printed)).toBeNull());
});

describe('what is printed differs from the page', () => {
  test.each([
    ['another word', 'one\ntwo', 'one\nthree', 'line 2 is not there: two'],
    ['a line less', 'one\ntwo', 'one', 'line 2 is not there: two'],
    ['a line more', 'one', 'one\ntwo', 'more was printed than the page shows'],
    ['something where the page shows nothing', '', 'Error', 'more was printed than the page shows'],
    ['nothing where the page shows something', 'ok', '', 'line 1 is not there: ok'],
    ['any lines, and the wrong end', '…\nok', 'a\nb', 'line 2 is not there: ok'],
    ['another order', '…\nb\n…\na\n…', 'a\nb', 'line 4 is not there: a'],
    ['text before the line', 'HEALTHY', 'UNHEALTHY', 'line 1 is not there: HEALTHY'],
    ['text after the line', 'ok', 'ok not', 'line 1 is not there: ok'],
    ['a dot is a dot', 'a.b', 'aXb', 'line 1 is not there: a.b'],
    ['… does not reach over a line end', 'a … b', 'a\nb', 'line 1 is not there: a … b'],
  ])('%s', (_, shown, printed, why) => expect(difference(shown, printed)).toContain(why));
});
