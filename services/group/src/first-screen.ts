import type { MadStatus } from '@mad-group/protocol';
import Table from 'cli-table3';
import { createColors } from 'picocolors';

export interface FirstScreen {
  readonly version: string;
  readonly host: string;
  readonly mads: readonly { readonly port: number; readonly status: MadStatus }[];
  readonly platformPort: number;
  /** `memory`, or the address of Redis without its password. */
  readonly bus: string;
  /** The model and where it is; null where there is none. */
  readonly provider: string | null;
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
  const model = facts.provider ?? 'none: answers come from rules. To set one, stop and start with';
  const lines = [
    '',
    `${c.bold(`MAD Group ${facts.version}`)} is up. Ctrl-C stops it.`,
    table.toString(),
    `${c.bold('Bus   ')}  ${facts.bus}`,
    `${c.bold('Model ')}  ${model}`,
    ...(facts.provider === null
      ? ['          OPENAI_API_KEY=sk-… npm start', '        or any OpenAI-compatible server, Ollama for one:', '          OPENAI_BASE_URL=http://127.0.0.1:11434/v1 LLM_MODEL=llama3.2 npm start']
      : []),
    `${c.bold('State ')}  ${facts.dataDir}`,
    `${c.bold('Health')}  ${platform}/readyz, metrics at ${platform}/metrics`,
    '',
    'Try next, in another terminal:',
    `  ${c.cyan('npx mad-status')}`,
    `  ${c.cyan(`npx mad-cli --follow fiedler_converse '{"prompt": "Plan the steps to move a database"}'`)}`,
    `  ${c.cyan(`npx mad-cli rogers_ask '{"prompt": "Is everything up?"}'`)}`,
    '',
  ];
  return lines.join('\n');
}
