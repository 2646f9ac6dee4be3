import { parseArgs } from 'node:util';
import type { ToolClient, ToolReply } from '../client/tool-client.ts';
import { connectTarget, connectTimeoutMs } from './connect.ts';
import { type CliIo, EXIT, forTerminal, stderrColors, UsageError } from './io.ts';
import { groupTargets, type MadTarget, targetAt, targetByName, targetOfTool } from './mads.ts';
import { parseTimeout } from './options.ts';
import { findToken } from './token.ts';
import { arePairs, type InputSchema, parsePairs, parseStdin, parseWords } from './tool-input.ts';

const USAGE = `mad-cli: the tools of the MADs on the command line

  mad-cli                          lists the tools of every MAD that answers
  mad-cli TOOL --help              what a tool does and takes
  mad-cli TOOL '{"field": …}'      calls it; - reads the JSON from stdin
  mad-cli TOOL field=value …       the same, each value read as the tool's schema says
  mad-cli --follow fiedler_converse prompt='…'
                                   prints the answer as it comes (rogers_converse and *_ask too);
                                   fiedler_get_task_events task_id=… goes on with an earlier task

  mad-cli verify                   talks MCP to every MAD, and says how each answered;
                                   with --timeout it asks again until then

  mad-cli backup FILE              copies the MAD's database, while it runs or not
  mad-cli restore FILE             puts a backup in its place; the MAD must be stopped, and where
                                   there is data it takes --force and keeps that data beside it

  mad-cli bus tail|export|model|replay
                                   the bus live, a recording of it, and what happened again:
                                   mad-cli bus --help

  --mad NAME        grace, rogers, fiedler or sequential-thinking, for the mad_* tools;
                    whose database, for backup and restore (in DATA_DIR)
  --url ws://…      another address than the environment says
  --token TOKEN     bearer token (else MAD_TOKEN, ~/.config/mad/token, the group's secret)
  --timeout MS      longest wait for a reply, 30000 where absent
  --json            plain JSON on a terminal too; with --follow the events, a line each
  --version, --help

Ends with 0, or 1 when the tool said no, 2 when called wrongly, 3 when it cannot be reached; what
mad-cli bus ends with is said by its own --help.
`;

const OPTIONS = {
  url: { type: 'string' },
  mad: { type: 'string' },
  token: { type: 'string' },
  timeout: { type: 'string' },
  json: { type: 'boolean' },
  follow: { type: 'boolean' },
  force: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const DEFAULT_TIMEOUT_MS = 30_000;
/** `*_ask` waits for a whole answer: 300 s where it is not told otherwise, and a little to say so. */
const ASK_TIMEOUT_MS = 310_000;

interface Options {
  readonly url: string | undefined;
  readonly mad: string | undefined;
  readonly token: string | null;
  readonly timeoutMs: number | undefined;
  readonly json: boolean;
  readonly follow: boolean;
}

/**
 * `mad-cli` as a function: prints and gives the exit code.
 *
 * @throws UsageError, MadError for what ends it early
 */
export async function runMadCli(args: readonly string[], io: CliIo): Promise<number> {
  const busArgs = argumentsOfBus(args);
  if (busArgs) return (await import('./bus/bus-command.ts')).runBusCommand(busArgs, io);
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  // `mad-cli help TOOL` is what people type who know other commands.
  const askedInWords = positionals[0] === 'help';
  const [tool, ...words] = askedInWords ? positionals.slice(1) : positionals;
  const help = askedInWords || values.help === true;
  if (help && tool === undefined) {
    io.stdout.write(USAGE);
    return EXIT.ok;
  }
  if (values.version) {
    io.stdout.write(`${(await import('./version.ts')).readVersion()}\n`);
    return EXIT.ok;
  }
  if (tool === 'backup' || tool === 'restore') {
    const { runCopyCommand } = await import('./copy-commands.ts');
    return runCopyCommand(tool, words, values, io);
  }
  if (values.force) throw new UsageError('--force is for restore.');
  const options: Options = {
    url: values.url,
    mad: values.mad,
    token: findToken(values.token, io),
    timeoutMs: parseTimeout(values.timeout),
    json: values.json ?? false,
    follow: values.follow ?? false,
  };
  if (tool === 'verify') {
    if (words.length > 0) throw new UsageError('verify takes no word: mad-cli verify, or --mad NAME verify.');
    const { verifyTargets } = await import('./verify-command.ts');
    return verifyTargets(chosenTargets(options, io), options, io);
  }
  if (tool === undefined) {
    if (options.follow)
      throw new UsageError("--follow takes a tool: mad-cli --follow fiedler_converse prompt='…'");
    const { listTools } = await import('./list-tools.ts');
    return listTools(chosenTargets(options, io), { ...options, timeoutMs: connectTimeoutMs(options) }, io);
  }
  const target = targetFor(tool, options, io);
  if (target === null) return unknownTool(tool, options, io);
  return help ? showHelp(tool, target, options, io) : callTool(tool, words, target, options, io);
}

/** What stands beside the word `bus`, where that is the command: it has options of its own. */
function argumentsOfBus(args: readonly string[]): string[] | null {
  const { tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: OPTIONS,
  });
  const words = tokens.filter((token) => token.kind === 'positional');
  const askedInWords = words[0]?.value === 'help';
  const named = words.slice(0, askedInWords ? 2 : 1);
  if (named.at(-1)?.value !== 'bus') return null;
  const rest = args.filter((_, index) => !named.some((word) => word.index === index));
  return askedInWords ? [...rest, '--help'] : rest;
}

function chosenTargets(options: Options, io: CliIo): MadTarget[] {
  const { url, mad } = options;
  if (url !== undefined) return [targetAt(url, mad)];
  return mad === undefined ? groupTargets(io.env) : [targetByName(mad, io.env)];
}

function targetFor(tool: string, options: Options, io: CliIo): MadTarget | null {
  if (options.url !== undefined || options.mad !== undefined)
    return chosenTargets(options, io)[0] as MadTarget;
  return targetOfTool(tool, io.env);
}

async function callTool(
  named: string,
  words: readonly string[],
  target: MadTarget,
  options: Options,
  io: CliIo,
): Promise<number> {
  // `*_ask` answers when the task is over: whoever follows it gives the task and watches.
  const tool = options.follow ? named.replace(/_ask$/, '_converse') : named;
  // Read before anything is connected: what is wrong with the input shows without a MAD.
  const given = arePairs(words)
    ? null
    : words[0] === '-'
      ? parseStdin(await io.readStdin())
      : parseWords(words);
  const client = await connectTarget(target, options, io.signal);
  try {
    const input = given ?? parsePairs(words, await schemaOf(tool, client, options, io));
    if (tool.endsWith('_converse')) input.requester_id ??= 'cli';
    if (options.follow && typeof input.task_id === 'string') {
      const after = typeof input.after === 'number' ? input.after : 0;
      return await follow(tool, input.task_id, after, client, target, options, io);
    }
    const timeoutMs = options.timeoutMs ?? replyTimeoutMs(tool, input);
    const reply = await client.call(tool, input, { timeoutMs, signal: io.signal });
    if (reply.status === 'error') return await tellRefusal(tool, reply, options, io);
    if (options.follow) {
      if (typeof reply.task_id !== 'string')
        throw new UsageError(`--follow needs a tool that makes a task; ${tool} makes none.`);
      return await follow(tool, reply.task_id, 0, client, target, options, io);
    }
    const { renderReply } = await import('./render-reply.ts');
    io.stdout.write(await renderReply(tool, reply, options.json, io));
    return EXIT.ok;
  } finally {
    await client.close();
  }
}

/** A tool that is asked to wait gets that time, and a little to answer. */
function replyTimeoutMs(tool: string, input: Record<string, unknown>): number {
  const waitMs = input.timeout_ms ?? input.wait_ms;
  if (typeof waitMs === 'number') return Math.max(DEFAULT_TIMEOUT_MS, waitMs + 10_000);
  return tool.endsWith('_ask') ? ASK_TIMEOUT_MS : DEFAULT_TIMEOUT_MS;
}

async function schemaOf(tool: string, client: ToolClient, options: Options, io: CliIo): Promise<InputSchema> {
  const { fetchTools } = await import('./tool-catalogue.ts');
  const tools = await fetchTools(client, {
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    signal: io.signal,
  });
  // A tool that is not there is refused by the MAD itself, in its words.
  return (tools.find(({ name }) => name === tool)?.input_schema ?? {}) as InputSchema;
}

async function follow(
  tool: string,
  taskId: string,
  after: number,
  client: ToolClient,
  target: MadTarget,
  options: Options,
  io: CliIo,
): Promise<number> {
  const { followTask } = await import('./follow.ts');
  const toolPrefix = tool.replace(/_(?:converse|get_task_events|get_task_status)$/, '');
  return followTask(
    client,
    {
      toolPrefix,
      taskId,
      after,
      json: options.json,
      connect: () => connectTarget(target, options, io.signal),
    },
    io,
  );
}

/** The reply as JSON for a program, its words for a person. */
async function tellRefusal(tool: string, reply: ToolReply, options: Options, io: CliIo): Promise<number> {
  const message = String(reply.message ?? 'The tool said no, without words.');
  if (reply.code === 'unknown_tool' || message.startsWith('Unknown tool:'))
    return unknownTool(tool, options, io);
  if (options.json || !io.isTTY) io.stdout.write(`${JSON.stringify(reply, null, 2)}\n`);
  if (io.stderrIsTTY || io.isTTY) {
    const colors = stderrColors(io);
    const code = typeof reply.code === 'string' ? colors.dim(` (${reply.code})`) : '';
    io.stderr.write(`${colors.red(`${tool} says no:`)} ${forTerminal(message)}${code}\n`);
  }
  return EXIT.refused;
}

async function showHelp(tool: string, target: MadTarget, options: Options, io: CliIo): Promise<number> {
  const client = await connectTarget(target, options, io.signal);
  try {
    const { fetchTools } = await import('./tool-catalogue.ts');
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const entry = (await fetchTools(client, { timeoutMs, signal: io.signal })).find(
      ({ name }) => name === tool,
    );
    if (!entry) return await unknownTool(tool, options, io);
    if (options.json) {
      io.stdout.write(`${JSON.stringify(entry, null, 2)}\n`);
      return EXIT.ok;
    }
    const { toolHelp } = await import('./tool-help.ts');
    io.stdout.write(await toolHelp(entry, io));
    return EXIT.ok;
  } finally {
    await client.close();
  }
}

/** Says which tool may have been meant, by the tools of the MADs that answer. */
async function unknownTool(tool: string, options: Options, io: CliIo): Promise<number> {
  const [{ collectTools }, { nearestName }] = await Promise.all([
    import('./list-tools.ts'),
    import('./nearest-name.ts'),
  ]);
  const reach = { token: options.token, timeoutMs: connectTimeoutMs(options) };
  const all = await collectTools(chosenTargets(options, io), reach, io.signal);
  const names = all.flatMap(({ tools }) => (tools instanceof Error ? [] : tools.map(({ name }) => name)));
  const near = nearestName(tool, names);
  const advice = near ? `Did you mean ${near}?` : 'mad-cli alone lists the tools.';
  throw new UsageError(`Unknown tool: ${tool}. ${advice}`);
}
