import { EXIT, forTerminal } from '../cli/io.ts';
import { nameOf } from '../cli/mads.ts';
import { nearestName } from '../cli/nearest-name.ts';
import { runToEnd } from '../cli/process-io.ts';
import { EnvironmentSchema } from '../config.ts';
import type { AdminCommand, AdminSession } from './admin-command.ts';
import { splitWords } from './command-line.ts';

/** Longest piece of a line that is repeated to whoever typed it, in characters. */
const MAX_ECHO = 80;

/** The MADs with commands of their own, and the keys of their ports. */
const OWNERS = (['FIEDLER', 'ROGERS'] as const).map((name) => {
  const key = `${name}_SSH_PORT` as const;
  return { id: name.toLowerCase(), key, port: EnvironmentSchema.shape[key].parse(undefined) };
});

export interface CommandTable {
  /** Whether the line begins with one of its commands. */
  knows(line: string): boolean;
  /**
   * Runs a line and gives its exit code: 0 for an empty one, 127 where there is no such command.
   *
   * @throws what is a defect of the command, and no answer for a person
   */
  run(line: string, session: AdminSession): Promise<number>;
  /** What the last word of the line may become, and that word: the shape that `node:readline` takes. */
  complete(line: string, session: AdminSession): Promise<[string[], string]>;
}

/** The commands of a MAD, with `help` and `exit` beside them. */
export function createCommandTable(title: string, own: readonly AdminCommand[]): CommandTable {
  const commands: readonly AdminCommand[] = [...own, helpCommand(title, () => commands), exitCommand];
  const byName = new Map(commands.map((command) => [command.name, command]));

  return {
    knows: (line) => byName.has(splitWords(line)[0] ?? ''),
    async run(line, session) {
      const [name, ...args] = splitWords(line);
      if (name === undefined) return EXIT.ok;
      const command = byName.get(name);
      if (!command) {
        session.io.stderr.write(`${unknownCommand(name, [...byName.keys()])}\n`);
        return EXIT.unknownCommand;
      }
      if (args.includes('--help')) {
        session.io.stdout.write(`${command.usage}\n  ${command.summary}\n`);
        return EXIT.ok;
      }
      return runToEnd(name, () => command.run(args, session), args, session.io);
    },
    async complete(line, session) {
      const words = splitWords(line);
      // Behind a space a new word begins.
      const last = /\s$/.test(line) || words.length === 0 ? '' : (words.pop() as string);
      const [name, ...args] = words;
      const candidates =
        name === undefined ? [...byName.keys()] : ((await byName.get(name)?.complete?.(args, session)) ?? []);
      const fitting = candidates.filter((candidate) => candidate.startsWith(last));
      return [fitting.length === 1 ? [`${fitting[0]} `] : fitting, last];
    },
  };
}

function unknownCommand(name: string, names: readonly string[]): string {
  const shown = forTerminal(name.length > MAX_ECHO ? `${name.slice(0, MAX_ECHO)}…` : name);
  const near = nearestName(name.slice(0, MAX_ECHO), names);
  const advice = placeOf(name, names) ?? (near === null ? '' : ` Did you mean ${near}?`);
  return `There is no command '${shown}'.${advice} There are: ${names.join(', ')}.`;
}

/** Where the command of another MAD is, as far as its name says whose it is; null where it does not. */
function placeOf(name: string, names: readonly string[]): string | null {
  const owner = OWNERS.find(({ id }) => name.startsWith(`${id}-`));
  if (!owner || names.some((own) => own.startsWith(`${owner.id}-`))) return null;
  const { id, key, port } = owner;
  return ` Commands of ${nameOf(id)} are at its own SSH port: ${key}, ${port} without it, 2222 in containers.`;
}

const helpCommand = (title: string, commands: () => readonly AdminCommand[]): AdminCommand => ({
  name: 'help',
  usage: 'help [COMMAND]',
  summary: 'this list, or what a command takes',
  async run([asked], { io }) {
    const named = commands().filter(({ name }) => asked === undefined || name === asked);
    if (named.length === 0) {
      const names = commands().map(({ name }) => name);
      io.stderr.write(`${unknownCommand(asked as string, names)}\n`);
      return EXIT.unknownCommand;
    }
    const width = Math.max(...named.map(({ usage }) => usage.length));
    const lines = named.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}\n`);
    const head = asked === undefined ? `Commands of ${title}:\n\n` : '';
    const foot =
      asked === undefined ? '\nCtrl-C ends what runs. What is done here is logged, with the key.\n' : '';
    io.stdout.write(`${head}${lines.join('')}${foot}`);
    return EXIT.ok;
  },
  complete: async (args) => (args.length === 0 ? commands().map(({ name }) => name) : []),
});

/** At a prompt the prompt itself sees it; elsewhere there is nothing to leave. */
const exitCommand: AdminCommand = {
  name: 'exit',
  usage: 'exit',
  summary: 'leaves; Ctrl-D does too',
  run: async () => EXIT.ok,
};
