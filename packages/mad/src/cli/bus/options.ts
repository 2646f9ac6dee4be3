import { parseArgs } from 'node:util';
import { type CliIo, UsageError } from '../io.ts';
import { parseTimeout } from '../options.ts';
import { findToken } from '../token.ts';

export type BusCommand = 'tail' | 'export' | 'model' | 'replay';
const COMMANDS: readonly BusCommand[] = ['tail', 'export', 'model', 'replay'];

const OPTIONS = {
  since: { type: 'string' },
  until: { type: 'string' },
  after: { type: 'string' },
  correlation: { type: 'string' },
  conversation: { type: 'string' },
  follow: { type: 'boolean' },
  out: { type: 'string' },
  'no-tasks': { type: 'boolean' },
  host: { type: 'string' },
  port: { type: 'string' },
  'without-results': { type: 'boolean' },
  url: { type: 'string' },
  token: { type: 'string' },
  timeout: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Option = keyof typeof OPTIONS;
const SELECTION: readonly Option[] = ['since', 'until', 'after', 'correlation', 'conversation', 'url'];

/** What each command takes beside `--token`, `--timeout` and `--help`. */
const TAKES: Readonly<Record<BusCommand, readonly Option[]>> = {
  tail: [...SELECTION, 'json'],
  export: [...SELECTION, 'follow', 'out', 'no-tasks'],
  model: ['host', 'port'],
  replay: ['without-results', 'json'],
};
const NEVER_EMPTY: readonly Option[] = ['correlation', 'conversation', 'out', 'host', 'url'];
const EVERY: readonly Option[] = ['token', 'timeout', 'help'];

type BusValues = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

export interface BusCall {
  /** Null where only the help was asked for. */
  readonly command: BusCommand | null;
  /** Patterns, or a file. */
  readonly words: readonly string[];
  readonly values: BusValues;
  readonly help: boolean;
  readonly token: string | null;
  readonly timeoutMs: number | undefined;
}

/**
 * The words behind `mad-cli bus`.
 *
 * @throws UsageError
 */
export function parseBusCall(args: readonly string[], io: CliIo): BusCall {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  const [named, ...words] = positionals;
  const help = values.help ?? false;
  const command = named === undefined ? null : findCommand(named);
  if (command === null && !help)
    throw new UsageError(`bus takes one of ${COMMANDS.join(', ')}. ${HELP_HINT}`);
  if (command !== null) {
    const foreign = (Object.keys(values) as Option[]).find(
      (option) => !TAKES[command].includes(option) && !EVERY.includes(option),
    );
    if (foreign !== undefined) {
      const owners = COMMANDS.filter((other) => TAKES[other].includes(foreign)).join(' and bus ');
      throw new UsageError(`--${foreign} is for bus ${owners}, not for bus ${command}.`);
    }
    const empty = NEVER_EMPTY.find((option) => values[option] === '');
    // As where a script's variable was not set: it would pick nothing, or listen everywhere.
    if (empty !== undefined) throw new UsageError(`--${empty} is empty: give it a value, or leave it out.`);
  }
  return {
    command,
    words,
    values,
    help,
    token: findToken(values.token, io),
    timeoutMs: parseTimeout(values.timeout),
  };
}

const HELP_HINT = 'mad-cli bus --help says what they do.';

function findCommand(named: string): BusCommand {
  const command = COMMANDS.find((each) => each === named);
  if (command) return command;
  throw new UsageError(`There is no bus ${named}: ${COMMANDS.join(', ')}. ${HELP_HINT}`);
}

/** @throws UsageError where there is not exactly one */
export function oneFile(command: BusCommand, words: readonly string[]): string {
  const [file] = words;
  if (file !== undefined && file !== '' && words.length === 1) return file;
  throw new UsageError(`bus ${command} takes one recording: mad-cli bus ${command} FILE`);
}
