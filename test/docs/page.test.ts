import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../kit/process.ts';
import { ENVIRONMENTS, readPage } from './page.ts';

const fenced = (info: string, ...lines: string[]): string =>
  ['```'.concat(info), ...lines, '```', ''].join('\n');

describe('a page', () => {
  test('has sessions, with commands, their further lines and what they print', () => {
    const page = `# Title\n\n${fenced('console npm exit=3', '$ one', 'prints', 'two lines', '$ two \\', '>   more', '', 'end')}`;
    expect(readPage(page)).toEqual([
      {
        kind: 'session',
        environment: 'npm',
        line: 3,
        commands: [
          { line: 4, text: 'one', shown: 'prints\ntwo lines', shownLines: [5, 7], exitCode: 0 },
          { line: 7, text: 'two \\\n  more', shown: '\nend', shownLines: [9, 11], exitCode: 3 },
        ],
      },
    ]);
  });

  test('has files', () => {
    expect(readPage(`text\n\n${fenced('yaml compose file=a/b.yaml', 'a: 1', '', 'b: 2')}`)).toEqual([
      { kind: 'file', environment: 'compose', line: 3, path: 'a/b.yaml', content: 'a: 1\n\nb: 2\n' },
    ]);
  });

  test('knows the lines of blocks behind lists, tables and other blocks', () => {
    const page = `- a\n- b\n\n| a |\n| --- |\n| b |\n\n${fenced('console npm', '$ a')}\n\n${fenced('console npm', '$ b')}`;
    expect(readPage(page).map(({ line }) => line)).toEqual([8, 13]);
    expect(page.split('\n')[12]).toBe('```console npm');
  });

  test.each([
    ['no language', fenced('', '$ a'), 'names no environment'],
    ['no environment', fenced('console', '$ a'), 'names no environment'],
    ['an environment that there is not', fenced('console podman', '$ a'), 'names no environment'],
    ['neither console nor file', fenced('bash npm', 'a'), 'neither a console nor has it a file'],
    ['an option that there is not', fenced('console npm skip', '$ a'), 'only exit=N and file=PATH'],
    ['output without a command', fenced('console npm', 'a', '$ b'), 'begins with a command'],
    ['an indented block', 'text\n\n    $ a\n', 'an indented block'],
    ['a block in a list', `- a\n\n  ${fenced('console npm', '  $ a', '  ')}`, 'in a list or a quote'],
    ['a block in a quote', '> ```console npm\n> $ a\n> ```\n', 'in a list or a quote'],
  ])('with %s is refused', (_, page, why) => expect(() => readPage(page)).toThrow(why));
});

test('every block of docs/operations.md is a session or a file, for each environment some', async () => {
  const blocks = readPage(await readFile(join(ROOT, 'docs', 'operations.md'), 'utf8'));
  expect(new Set(blocks.map(({ environment }) => environment))).toEqual(new Set(ENVIRONMENTS));
});
