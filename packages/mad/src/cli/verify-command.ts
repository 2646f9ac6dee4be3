import { setTimeout as sleep } from 'node:timers/promises';
import { MadError } from '@mad-group/protocol';
import { mcpUrl, type VerifiedMcp, verifyMcp } from '../client/verify-mcp.ts';
import { type CliIo, EXIT, forTerminal, stdoutColors } from './io.ts';
import type { MadTarget } from './mads.ts';

/** Longest wait for a MAD that is asked once, in milliseconds. */
const ONCE_MS = 10_000;
const PAUSE_MS = 500;

export interface VerifyTargetsOptions {
  readonly token: string | null;
  /** Asks again until then, in milliseconds. Without it each MAD is asked once. */
  readonly timeoutMs: number | undefined;
  readonly json: boolean;
}

/** `mad-cli verify`: talks MCP to each MAD, a line each. 0 where all of them answered. */
export async function verifyTargets(
  targets: readonly MadTarget[],
  options: VerifyTargetsOptions,
  io: CliIo,
): Promise<number> {
  const outcomes = await Promise.all(
    targets.map(async ({ id, url }) => {
      const endpoint = mcpUrl(url);
      try {
        return { id, endpoint, ...(await untilVerified(endpoint, options, io.signal)) };
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

async function untilVerified(
  endpoint: string,
  { token, timeoutMs }: VerifyTargetsOptions,
  signal: AbortSignal,
): Promise<VerifiedMcp> {
  const endMs = performance.now() + (timeoutMs ?? 0);
  for (;;) {
    const leftMs = endMs - performance.now();
    try {
      return await verifyMcp(endpoint, {
        token,
        timeoutMs: timeoutMs === undefined ? ONCE_MS : Math.max(1_000, Math.round(leftMs)),
        signal,
      });
    } catch (error) {
      if (leftMs <= PAUSE_MS || signal.aborted) throw error;
      await sleep(PAUSE_MS);
    }
  }
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
