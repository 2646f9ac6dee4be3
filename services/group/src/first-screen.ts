import type { BusStatus } from '@mad-group/bus';
import { OFFLINE_PROVIDER_NAME } from '@mad-group/imperator';
import type { Config, Mad } from '@mad-group/mad';
import Table from 'cli-table3';
import { createColors } from 'picocolors';

export interface FirstScreen {
  readonly version: string;
  readonly config: Pick<
    Config,
    | 'HOST'
    | 'GRACE_PORT'
    | 'FIEDLER_PORT'
    | 'ROGERS_PORT'
    | 'SEQUENTIAL_THINKING_PORT'
    | 'REDIS_URL'
    | 'DATA_DIR'
  >;
  readonly mads: readonly Pick<Mad, 'id' | 'port' | 'status' | 'surfaces'>[];
  readonly platformPort: number;
  readonly bus: BusStatus;
  /** Whether who calls must show a token. */
  readonly asksForTokens: boolean;
  /** Width of the terminal. */
  readonly columns: number;
  readonly color: boolean;
}

const PURPOSE: Readonly<Record<string, string>> = {
  'sequential-thinking': 'makes plans',
  grace: 'gateway to the bus',
  rogers: 'watches the bus',
  fiedler: 'takes prompts as tasks',
};
/** Below it the table leaves out what the README says too. */
const WIDE_COLUMNS = 112;
const NO_MODEL =
  'none, rules answer; set one: OPENAI_API_KEY=sk-… npm start (or OPENAI_BASE_URL=http://…/v1 LLM_MODEL=…)';

/** What `npm start` prints when all runs: what is where, and what to do next. Fits one screen. */
export function firstScreen(facts: FirstScreen): string {
  const { config, mads } = facts;
  const c = createColors(facts.color);
  const host = config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST;
  const platform = `http://${host}:${facts.platformPort}`;
  const provider = mads.find(({ id }) => id === 'fiedler')?.status().provider ?? OFFLINE_PROVIDER_NAME;
  const lines = [
    '',
    `${c.bold(`MAD Group ${facts.version}`)} is up. Ctrl-C stops it.`,
    whatRunsWhere(facts, host),
    `${c.bold('Bus')}     ${busLine(config.REDIS_URL, facts.bus)}`,
    `${c.bold('Model')}   ${provider === OFFLINE_PROVIDER_NAME ? NO_MODEL : provider}`,
    `${c.bold('State')}   SQLite files in ${config.DATA_DIR}`,
    `${c.bold('SSH')}     ${sshLine(facts, host)}`,
    `${c.bold('Health')}  ${platform}/readyz, metrics at ${platform}/metrics`,
    ...consoleLine(facts, host).map((url) => `${c.bold('Console')} ${c.cyan(url)}`),
    '',
    'Try next, in another terminal:',
    ...tryNext(facts, host).map((command) => `  ${c.cyan(command)}`),
    ...(facts.asksForTokens ? ['They show the token in MAD_TOKEN or ~/.config/mad/token.'] : []),
    '',
    '',
  ];
  return lines.join('\n');
}

function whatRunsWhere({ mads, columns, color }: FirstScreen, host: string): string {
  const c = createColors(color);
  const wide = columns >= WIDE_COLUMNS;
  const table = new Table({
    head: ['MAD', ...(wide ? [''] : []), 'WebSocket', 'MCP', 'Health'].map((text) => c.bold(text)),
    style: { head: [], border: [] },
    // No line between rows, so that all of it fits one screen.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const mad of mads.toSorted((a, b) => a.port - b.port)) {
    const { health } = mad.status();
    table.push([
      c.bold(mad.id),
      ...(wide ? [PURPOSE[mad.id] ?? ''] : []),
      `ws://${host}:${mad.port}`,
      wide ? `http://${host}:${mad.port}/mcp` : `http, /mcp`,
      health === 'HEALTHY' ? c.green(health) : c.yellow(health),
    ]);
  }
  return table.toString();
}

function busLine(redisUrl: string | undefined, { connected, reason }: BusStatus): string {
  if (redisUrl === undefined) return 'memory, in this process alone; REDIS_URL=redis://… moves it to Redis';
  const away = connected ? '' : `; it is away (${reason ?? 'not reached yet'}), and waited for`;
  return `Redis at ${new URL(redisUrl).host}${away}`;
}

/** Where one logs in, and of which MAD; where nobody can, why, and how it is opened. */
function sshLine({ mads }: FirstScreen, host: string): string {
  const ways = mads
    .toSorted((a, b) => a.port - b.port)
    .flatMap(({ id, surfaces }) => surfaces.map((surface) => ({ id, ...surface })));
  const open = ways
    .filter(({ port }) => port !== null)
    .map(({ id, port }) => `${id}: ssh -p ${port} mad@${host}`);
  if (open.length > 0) return open.join('; ');
  return `closed, ${ways[0]?.whyClosed ?? 'no MAD has it'}; SSH_AUTHORIZED_KEYS=~/.ssh/id_ed25519.pub npm start opens it`;
}

/** Where a browser sees the group: Rogers serves it. */
const consoleLine = ({ mads }: FirstScreen, host: string): string[] =>
  mads.filter(({ id }) => id === 'rogers').map(({ port }) => `http://${host}:${port}/console`);

/** The commands find a MAD at its usual port; where it was moved they are told. */
function tryNext({ mads }: FirstScreen, host: string): string[] {
  const usual: Readonly<Record<string, number>> = { fiedler: 8001, rogers: 8002 };
  const at = (id: string): string => {
    const port = mads.find((mad) => mad.id === id)?.port;
    return port === usual[id] && host === '127.0.0.1' ? '' : ` --url ws://${host}:${port}`;
  };
  return [
    `npx mad-status${at('fiedler') && ` --mad fiedler${at('fiedler')}`}`,
    `npx mad-cli${at('fiedler')} --follow fiedler_converse '{"prompt": "Plan the steps to move a database"}'`,
    `npx mad-cli${at('rogers')} rogers_ask '{"prompt": "Is everything up?"}'`,
  ];
}
