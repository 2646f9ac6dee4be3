import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTerminal, type Terminal } from './terminal.ts';

let folder: string;
let terminal: Terminal;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'mad-terminal-')));
  await mkdir(join(folder, 'own'));
  terminal = await openTerminal(folder, join(folder, 'own'));
});
afterEach(async () => {
  await terminal.close();
  await rm(folder, { recursive: true });
});

test('a command prints on a terminal, both of its streams in their order, and ends with its code', async () => {
  const typed = await terminal.type('pwd; test -t 1 && echo tty; echo away >&2; (exit 3)');
  expect(typed).toEqual({ output: `${folder}\ntty\naway\n`, exitCode: 3 });
});

test('folder, variables and functions stay for the next command', async () => {
  await terminal.type('mkdir a; cd a; name=ada; greet() { echo "hello $name"; }');
  expect(await terminal.type('greet; basename "$PWD"')).toEqual({ output: 'hello ada\na\n', exitCode: 0 });
});

test('a command that is not closed is an error, and the next one runs', async () => {
  expect((await terminal.type('echo "open')).exitCode).not.toBe(0);
  expect(await terminal.type('echo on')).toEqual({ output: 'on\n', exitCode: 0 });
});

test('a shell that ends is an error', async () => {
  await expect(terminal.type('exit 0')).rejects.toThrow('The shell has ended');
});

test('what was started in the background is ended with the terminal', async () => {
  const { output } = await terminal.type('nohup sleep 1000 > /dev/null 2>&1 & echo $!');
  process.kill(Number(output), 0);
  await terminal.close();
  expect(() => process.kill(Number(output), 0)).toThrow('ESRCH');
});
