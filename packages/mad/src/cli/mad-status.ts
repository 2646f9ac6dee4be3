import { parseArgs } from 'node:util';
import { MadError, type MadStatus, MadStatusOutput } from '@mad-group/protocol';
import { connectTools } from '../client/tool-client.ts';
import { type CliIo, type Colors, EXIT, forTerminal, stdoutColors, UsageError } from './io.ts';
import { groupTargets, type MadTarget, targetAt, targetByName } from './mads.ts';
import { parseTimeout } from './options.ts';
import { statusLines } from './render-status.ts';
import { findToken, TOKEN_HINT } from './token.ts';

const USAGE = `mad-status: how a MAD is

  mad-status               the MAD of this container (MAD_ID), or all four
  mad-status NAME …        grace, rogers, fiedler or sequential-thinking; --mad NAME is the same

  --json                   the facts as JSON
  --url ws://…             another address than the environment says
  --token TOKEN            bearer token (else MAD_TOKEN, ~/.config/mad/token, the group's secret)
  --timeout MS             longest wait for an answer, 5000 where absent
  --version, --help

Ends with 0 when healthy, 1 when not or refused, 2 when called wrongly, 3 when it cannot be reached.
`;

type Outcome =
  | { readonly kind: 'status'; readonly status: MadStatus }
  /** It is there and says no: the token is missing or wrong. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** `mad-status` as a function: prints and gives the exit code. */
export async function runMadStatus(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      mad: { type: 'string', multiple: true },
      url: { type: 'string' },
      token: { type: 'string' },
      timeout: { type: 'string' },
      json: { type: 'boolean' },
      version: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help || positionals[0] === 'help') {
    io.stdout.write(USAGE);
    return EXIT.ok;
  }
  if (values.version) {
    io.stdout.write(`${(await import('./version.ts')).readVersion()}\n`);
    return EXIT.ok;
  }
  const timeoutMs = parseTimeout(values.timeout) ?? 5_000;
  const token = findToken(values.token, io);
  const targets = chooseTargets([...(values.mad ?? []), ...positionals], values.url, io.env);
  const outcomes = await Promise.all(
    targets.map((target) => ask(target, { token, timeoutMs, signal: io.signal })),
  );

  // One write: a reader such as `grep -q` that leaves early has then had everything.
  if (values.json) {
    const documents = targets.map((target, index) => toJson(target, outcomes[index] as Outcome));
    io.stdout.write(`${JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2)}\n`);
  } else {
    const colors = stdoutColors(io);
    const blocks = targets.map((target, index) =>
      toLines(target, outcomes[index] as Outcome, colors).join('\n'),
    );
    io.stdout.write(`${blocks.join('\n\n')}\n`);
  }
  return Math.max(...outcomes.map(exitCodeOf));
}

function chooseTargets(named: readonly string[], url: string | undefined, env: CliIo['env']): MadTarget[] {
  const names = named.length === 0 && env.MAD_ID ? [env.MAD_ID] : named;
  if (url !== undefined) {
    if (names.length > 1) throw new UsageError('--url is the address of one MAD; name one, or none.');
    return [targetAt(url, names[0])];
  }
  return names.length === 0 ? groupTargets(env) : names.map((name) => targetByName(name, env));
}

interface AskOptions {
  readonly token: string | null;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function ask(target: MadTarget, { token, timeoutMs, signal }: AskOptions): Promise<Outcome> {
  try {
    const client = await connectTools(target.url, { token, connectTimeoutMs: timeoutMs, signal });
    try {
      const reply = await client.callOrThrow('mad_get_status', {}, { timeoutMs, signal });
      const parsed = MadStatusOutput.safeParse(reply);
      if (parsed.success) return { kind: 'status', status: parsed.data };
      return { kind: 'refused', reason: `${target.url} answers, but not as a MAD of this version does.` };
    } finally {
      await client.close();
    }
  } catch (error) {
    if (!(error instanceof MadError)) throw error;
    const away = error.code === 'unreachable' || error.code === 'timeout';
    const reason = error.code === 'unauthenticated' ? `${error.message} ${TOKEN_HINT}` : error.message;
    return { kind: away ? 'unreachable' : 'refused', reason };
  }
}

function exitCodeOf(outcome: Outcome): number {
  if (outcome.kind === 'unreachable') return EXIT.unreachable;
  return outcome.kind === 'status' && outcome.status.health === 'HEALTHY' ? EXIT.ok : EXIT.refused;
}

const toJson = (target: MadTarget, outcome: Outcome): object =>
  outcome.kind === 'status'
    ? outcome.status
    : {
        status: 'error',
        mad_id: target.id,
        title: target.title,
        url: target.url,
        health: outcome.kind === 'refused' ? 'UNKNOWN' : 'UNREACHABLE',
        message: outcome.reason,
      };

function toLines(target: MadTarget, outcome: Outcome, colors: Colors): string[] {
  if (outcome.kind === 'status') return statusLines(outcome.status, colors);
  const word = outcome.kind === 'refused' ? 'UNKNOWN' : 'UNREACHABLE';
  return [
    colors.bold(`[${target.title} Status]`),
    `- MAD Name: ${target.id}`,
    colors.red(`- Status: ${word}`),
    `- Reason: ${forTerminal(outcome.reason)}`,
  ];
}
