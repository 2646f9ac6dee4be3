import { OFFLINE_PROVIDER_NAME } from '@mad-group/imperator';
import type { MadStatus } from '@mad-group/protocol';
import Table from 'cli-table3';
import { createColors } from 'picocolors';

export interface FirstScreen {
  readonly version: string;
  readonly host: string;
  readonly mads: readonly { readonly port: number; readonly status: MadStatus }[];
  readonly platformPort: number;
  /** Undefined where the bus is in memory. */
  readonly redisUrl: string | undefined;
  /** The model and where it is, or `offline`. */
  readonly provider: string;
  readonly dataDir: string;
  readonly color: boolean;
}

const PURPOSE: Readonly<Record<string, string>> = {
  'sequential-thinking': 'makes plans',
  grace: 'gateway to the bus',
  rogers: 'watches the bus',
  fiedler: 'takes prompts as tasks',
};

/** What `npm start` prints when all runs: what is where, and what to do next. Fits one screen. */
export function firstScreen(facts: FirstScreen): string {
  const c = createColors(facts.color);
  const host = facts.host.includes(':') ? `[${facts.host}]` : facts.host;
  const table = new Table({
    head: ['MAD', '', 'WebSocket', 'MCP', 'Health'].map((text) => c.bold(text)),
    style: { head: [], border: [] },
    // No line between rows, so that all of it fits one screen.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { port, status } of facts.mads) {
    const health = status.health === 'HEALTHY' ? c.green(status.health) : c.yellow(status.health);
    table.push([
      c.bold(status.mad_id),
      PURPOSE[status.mad_id] ?? '',
      `ws://${host}:${port}`,
      `http://${host}:${port}/mcp`,
      health,
    ]);
  }
  const platform = `http://${host}:${facts.platformPort}`;
  const lines = [
    '',
    `${c.bold(`MAD Group ${facts.version}`)} is up. Ctrl-C stops it.`,
    table.toString(),
    `${c.bold('Bus')}     ${busLine(facts.redisUrl)}`,
    `${c.bold('Model')}   ${facts.provider === OFFLINE_PROVIDER_NAME ? NO_MODEL : facts.provider}`,
    `${c.bold('State')}   SQLite files in ${facts.dataDir}`,
    `${c.bold('Health')}  ${platform}/readyz, metrics at ${platform}/metrics`,
    '',
    'Try next, in another terminal:',
    ...TRY_NEXT.map((command) => `  ${c.cyan(command)}`),
    '',
    '',
  ];
  return lines.join('\n');
}

const NO_MODEL =
  'none, rules answer; set one: OPENAI_API_KEY=sk-… npm start (or OPENAI_BASE_URL=http://…/v1 LLM_MODEL=…)';

const TRY_NEXT = [
  'npx mad-status',
  `npx mad-cli --follow fiedler_converse '{"prompt": "Plan the steps to move a database"}'`,
  `npx mad-cli rogers_ask '{"prompt": "Is everything up?"}'`,
];

function busLine(redisUrl: string | undefined): string {
  if (redisUrl === undefined) return 'memory, in this process alone; REDIS_URL=redis://… moves it to Redis';
  return `Redis at ${new URL(redisUrl).host}`;
}
