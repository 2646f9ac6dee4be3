import { MadError } from '@mad-group/protocol';
import { mcpUrl, type VerifiedMcp, verifyMcp } from '../client/verify-mcp.ts';
import { type CliIo, EXIT, forTerminal, stdoutColors } from './io.ts';
import type { MadTarget } from './mads.ts';

/**
 * `mad-cli verify`: talks MCP to each MAD, a line each. 0 where all of them answered.
 *
 * @param options token, and the longest wait for one of them in milliseconds
 */
export async function verifyTargets(
  targets: readonly MadTarget[],
  options: { readonly token: string | null; readonly timeoutMs: number; readonly json: boolean },
  io: CliIo,
): Promise<number> {
  const outcomes = await Promise.all(
    targets.map(async ({ id, url }) => {
      const endpoint = mcpUrl(url);
      try {
        return { id, endpoint, ...(await verifyMcp(endpoint, { ...options, signal: io.signal })) };
      } catch (error) {
        if (!(error instanceof MadError)) throw error;
        return { id, endpoint, error: error.message };
      }
    }),
  );
  const failed = outcomes.some((outcome) => 'error' in outcome);
  io.stdout.write(options.json ? `${JSON.stringify(outcomes, null, 2)}\n` : lines(outcomes, io));
  return failed ? EXIT.unreachable : EXIT.ok;
}

type Outcome = { readonly id: string; readonly endpoint: string } & (
  | VerifiedMcp
  | { readonly error: string }
);

function lines(outcomes: readonly Outcome[], io: CliIo): string {
  const colors = stdoutColors(io);
  const width = Math.max(...outcomes.map(({ id }) => id.length));
  return outcomes
    .map((outcome) => {
      const name = outcome.id.padEnd(width);
      if ('error' in outcome) return `${colors.red('FAIL')} ${name}  ${forTerminal(outcome.error)}\n`;
      const facts = `${outcome.endpoint}  MCP ${outcome.protocol}, version ${outcome.version}, ${outcome.tools.length} tools`;
      return `${colors.green('ok  ')} ${name}  ${forTerminal(facts)}\n`;
    })
    .join('');
}
