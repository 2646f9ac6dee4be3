import { MadError } from '@mad-group/protocol';
import { connectTools } from '../client/tool-client.ts';
import { type CliIo, EXIT, forTerminal, stderrColors, stdoutColors } from './io.ts';
import type { MadTarget } from './mads.ts';
import { fetchTools, firstSentence, type ToolEntry } from './tool-catalogue.ts';

export interface ReachOptions {
  readonly token: string | null;
  readonly timeoutMs: number;
}

export interface MadTools {
  readonly target: MadTarget;
  /** Or why they cannot be had. */
  readonly tools: readonly ToolEntry[] | MadError;
}

/** The tools of each MAD, asked for at once. */
export const collectTools = (
  targets: readonly MadTarget[],
  { token, timeoutMs }: ReachOptions,
  signal: AbortSignal,
): Promise<MadTools[]> =>
  Promise.all(
    targets.map(async (target) => {
      try {
        const client = await connectTools(target.url, { token, connectTimeoutMs: timeoutMs, signal });
        try {
          return { target, tools: await fetchTools(client, { timeoutMs, signal }) };
        } finally {
          await client.close();
        }
      } catch (error) {
        if (error instanceof MadError) return { target, tools: error };
        throw error;
      }
    }),
  );

/**
 * Prints the tools of every MAD that answers, a line each; what every MAD has stands once at the
 * end. In a pipe too they are lines, for `grep`; `json` makes them one document.
 */
export async function listTools(
  targets: readonly MadTarget[],
  options: ReachOptions & { readonly json: boolean },
  io: CliIo,
): Promise<number> {
  const all = await collectTools(targets, options, io.signal);
  const answered = all.filter((mad) => !(mad.tools instanceof MadError)) as (MadTools & {
    tools: ToolEntry[];
  })[];
  if (options.json) {
    const document = answered.map(({ target, tools }) => ({ mad: target.id, url: target.url, tools }));
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else if (answered.length > 0) {
    io.stdout.write(toText(answered, io));
  }
  const warn = stderrColors(io).yellow;
  for (const { target, tools } of all) {
    if (tools instanceof MadError)
      io.stderr.write(`${warn(`${target.name}:`)} ${forTerminal(tools.message)}\n`);
  }
  if (answered.length > 0) return EXIT.ok;
  const refused = all.some(({ tools }) => tools instanceof MadError && tools.code !== 'unreachable');
  return refused ? EXIT.refused : EXIT.unreachable;
}

const isBuiltIn = (tool: ToolEntry): boolean => tool.name.startsWith('mad_');

function toText(answered: readonly (MadTools & { tools: ToolEntry[] })[], io: CliIo): string {
  const colors = stdoutColors(io);
  const everyTool = answered.flatMap((mad) => mad.tools);
  const nameWidth = Math.max(...everyTool.map((tool) => tool.name.length));
  const scopeWidth = Math.max(...everyTool.map((tool) => tool.scope.length));
  const restWidth = io.isTTY ? Math.max(20, io.columns - nameWidth - scopeWidth - 6) : undefined;
  const line = (tool: ToolEntry): string =>
    `  ${colors.cyan(tool.name.padEnd(nameWidth))}  ${colors.dim(tool.scope.padEnd(scopeWidth))}  ${forTerminal(firstSentence(tool.description, restWidth))}`;
  const groups = answered.map(({ target, tools }) =>
    [
      `${colors.bold(target.name)}  ${colors.dim(target.url)}`,
      ...tools.filter((tool) => !isBuiltIn(tool)).map(line),
    ].join('\n'),
  );
  const builtIn = answered[0]?.tools.filter(isBuiltIn) ?? [];
  if (builtIn.length > 0) {
    groups.push(
      [`${colors.bold('Every MAD')}  ${colors.dim('with --mad NAME')}`, ...builtIn.map(line)].join('\n'),
    );
  }
  const hint = io.isTTY ? `\n${colors.dim('mad-cli TOOL --help shows the fields of a tool.')}\n` : '';
  return `${groups.join('\n\n')}\n${hint}`;
}
