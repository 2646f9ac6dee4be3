import { describe, expect, test } from 'vitest';
import { parseTokenLines } from './token-lines.ts';

const TOKEN = 'a-token-of-enough-length';

describe('lines of callers', () => {
  test('are a name, a token and its scopes', () => {
    const lines = parseTokenLines(
      `# who may do what\n\n  alice ${TOKEN} read,converse \r\nbob\t${TOKEN}2\tadmin\n`,
    );
    expect(lines).toEqual([
      { name: 'alice', token: TOKEN, scopes: new Set(['read', 'converse']) },
      { name: 'bob', token: `${TOKEN}2`, scopes: new Set(['admin']) },
    ]);
  });

  test.each([
    ['too few parts', `alice ${TOKEN}`, 'line 2: must be `name token scope,scope`.'],
    ['too many parts', `alice ${TOKEN} read converse`, 'line 2: must be `name token scope,scope`.'],
    [
      'an unknown scope',
      `alice ${TOKEN} read,write`,
      'line 2: scopes must be of read, converse, publish, admin',
    ],
    ['no scope', `alice ${TOKEN} ,`, 'line 2: scopes must be of'],
    ['a short token', 'alice short-secret read', 'line 2: the token must have at least 16 characters.'],
    ['a name again', `zoe other-${TOKEN} read`, 'line 2: the name of line 1 again.'],
    ['a token again', `alice first-${TOKEN} read`, 'line 2: the token of line 1 again.'],
  ])('with %s are named by their number, and never show a token', (_what, line, words) => {
    const parse = (): unknown => parseTokenLines(`zoe first-${TOKEN} admin\n${line}`);
    expect(parse).toThrow(words);
    expect(parse).not.toThrow(/a-token|short-secret/);
  });

  test('are all named at once', () => {
    expect(() => parseTokenLines('a\nb\n')).toThrow(/line 1: .*\n.*line 2: /);
  });
});
