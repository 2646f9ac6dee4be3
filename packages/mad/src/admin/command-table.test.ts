import { MadError } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { fakeIo } from '../cli/fake-io.test-support.ts';
import { UsageError } from '../cli/io.ts';
import type { AdminCommand, AdminSession } from './admin-command.ts';
import { createCommandTable } from './command-table.ts';
import { statusCommand } from './status-command.ts';

const said: (readonly string[])[] = [];
const say: AdminCommand = {
  name: 'toy-say',
  usage: 'toy-say [WORD]',
  summary: 'says a word',
  run: async (args) => {
    said.push(args);
    return 7;
  },
  complete: async (args) => (args.length === 0 ? ['hello', 'help', 'goodbye'] : []),
};
const failing = (name: string, error: Error): AdminCommand => ({
  name,
  usage: name,
  summary: 'fails',
  run: () => Promise.reject(error),
});
const table = createCommandTable('Toy V1', [
  say,
  failing('wrong', new UsageError('say it otherwise.')),
  failing('refused', new MadError('not_found', 'There is none.')),
  failing('broken', new TypeError('a defect')),
]);

function session() {
  const io = fakeIo();
  return { io, tools: { callOrThrow: async () => ({}) } } satisfies AdminSession;
}

test('a line is its words; quotes hold some together, and nothing is a shell', async () => {
  said.length = 0;
  expect(await table.run('  toy-say  "one two"  \'three "four"\' $HOME; ""', session())).toBe(7);
  expect(said).toEqual([['one two', 'three "four"', '$HOME;', '']]);
  expect(await table.run('   ', session())).toBe(0);
});

test('what a command refuses is said with its name', async () => {
  const { io, ...rest } = session();
  expect(await table.run('wrong', { io, ...rest })).toBe(2);
  expect(await table.run('refused', { io, ...rest })).toBe(1);
  expect(io.err()).toBe('wrong: say it otherwise.\nrefused: There is none.\n');
  await expect(table.run('broken', { io, ...rest })).rejects.toThrow('a defect');
});

test('an unknown command is answered with what there is, and nothing of its own is repeated raw', async () => {
  const { io, ...rest } = session();
  expect(await table.run('\u001b]0;renamed\u0007', { io, ...rest })).toBe(127);
  expect(await table.run('toysay', { io, ...rest })).toBe(127);
  expect(await table.run('x'.repeat(10_000), { io, ...rest })).toBe(127);
  expect(io.err()).toContain("There is no command ']0;renamed'. There are: toy-say, wrong,");
  expect(io.err()).toContain('Did you mean toy-say?');
  expect(io.err().length).toBeLessThan(700);
});

test('a command of another MAD is answered with where it is', async () => {
  const fiedler = createCommandTable('Fiedler V1', [{ ...say, name: 'fiedler-tasks' }]);
  const { io, ...rest } = session();
  expect(await fiedler.run('rogers-stats 5', { io, ...rest })).toBe(127);
  expect(await fiedler.run('fiedler-task', { io, ...rest })).toBe(127);
  expect(io.err()).toBe(
    "There is no command 'rogers-stats'. Commands of Rogers are at its own SSH port: ROGERS_SSH_PORT, 2223 without it, 2222 in containers. There are: fiedler-tasks, help, exit.\n" +
      "There is no command 'fiedler-task'. Did you mean fiedler-tasks? There are: fiedler-tasks, help, exit.\n",
  );
});

test('mad-status takes no words', async () => {
  const { io, ...rest } = session();
  const fiedler = createCommandTable('Fiedler V1', [statusCommand]);
  expect(await fiedler.run('mad-status extra args', { io, ...rest })).toBe(2);
  expect(io.err()).toBe('mad-status: takes no words, and was given 2: extra args.\n');
  expect(io.out()).toBe('');
});

test('help shows each command once, with how it is typed', async () => {
  const { io, ...rest } = session();
  await table.run('help', { io, ...rest });
  for (const line of [
    '  toy-say [WORD]  says a word',
    '  help [COMMAND]  this list',
    '  exit            leaves',
  ]) {
    expect(io.out()).toContain(line);
  }
});

test('completes the first word from the commands, and the next as the command says', async () => {
  const complete = (line: string) => table.complete(line, session());
  expect(await complete('')).toEqual([['toy-say', 'wrong', 'refused', 'broken', 'help', 'exit'], '']);
  expect(await complete('to')).toEqual([['toy-say '], 'to']);
  expect(await complete('toy-say ')).toEqual([['hello', 'help', 'goodbye'], '']);
  expect(await complete('toy-say hel')).toEqual([['hello', 'help'], 'hel']);
  expect(await complete('toy-say hello ')).toEqual([[], '']);
  expect(await complete('nothing x')).toEqual([[], 'x']);
  expect(await complete('help toy')).toEqual([['toy-say '], 'toy']);
});

test('knows which lines begin with a command', () => {
  expect(['toy-say hi', ' help', 'toy', ''].map(table.knows)).toEqual([true, true, false, false]);
});
