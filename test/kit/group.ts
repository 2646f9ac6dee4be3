import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { type Finished, type Running, start } from './process.ts';

export interface Group {
  readonly running: Running;
  readonly ports: {
    readonly grace: number;
    readonly fiedler: number;
    readonly rogers: number;
    readonly 'sequential-thinking': number;
    readonly platform: number;
  };
  /** WebSocket address of a MAD. */
  url(mad: MadName): string;
  /** MCP address of a MAD. */
  mcp(mad: MadName): string;
  readonly platformUrl: string;
  /** What a command of this group's user has in its environment. */
  readonly env: Record<string, string>;
  readonly dataDir: string;
  /** The lines of the log, parsed. */
  log(): Record<string, unknown>[];
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

export type MadName = 'grace' | 'fiedler' | 'rogers' | 'sequential-thinking';
export const MAD_NAMES: readonly MadName[] = ['grace', 'fiedler', 'rogers', 'sequential-thinking'];

/**
 * Starts all four MADs in one process, as `npm start` does, on free ports and in a folder of its
 * own; resolves when the group is ready. `dataDir` starts it on what an earlier one left, and ports in
 * the environment where that one was.
 */
export async function startGroup(env: Record<string, string> = {}, dataDir?: string): Promise<Group> {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'mad-group-')));
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(env, folder, dataDir === undefined);
    } catch (error) {
      // Another test may have taken a port between its being found free and being opened.
      if (tries === 3 || !String(error).includes('is in use')) throw error;
    }
  }
}

async function startOnce(env: Record<string, string>, folder: string, ownsFolder: boolean): Promise<Group> {
  const [grace, fiedler, rogers, thinking, platform] = (await freePorts(5)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const ports = {
    grace: Number(env.GRACE_PORT ?? grace),
    fiedler: Number(env.FIEDLER_PORT ?? fiedler),
    rogers: Number(env.ROGERS_PORT ?? rogers),
    'sequential-thinking': Number(env.SEQUENTIAL_THINKING_PORT ?? thinking),
    platform: Number(env.PLATFORM_PORT ?? platform),
  };
  const fullEnv = {
    GRACE_PORT: String(ports.grace),
    FIEDLER_PORT: String(ports.fiedler),
    ROGERS_PORT: String(ports.rogers),
    SEQUENTIAL_THINKING_PORT: String(ports['sequential-thinking']),
    PLATFORM_PORT: String(ports.platform),
    DATA_DIR: folder,
    ...env,
  };
  const running = start('node', ['services/group/src/main.ts'], fullEnv);
  const platformUrl = `http://127.0.0.1:${ports.platform}`;
  await untilReady(running, `${platformUrl}/readyz`);
  return {
    running,
    ports,
    url: (mad) => `ws://127.0.0.1:${ports[mad]}`,
    mcp: (mad) => `http://127.0.0.1:${ports[mad]}/mcp`,
    platformUrl,
    env: fullEnv,
    dataDir: folder,
    log: () => parseLog(running.output()),
    async stop(signal) {
      const finished = await running.stop(signal);
      if (ownsFolder) await rm(folder, { recursive: true, force: true });
      return finished;
    },
  };
}

/** The lines of the output that are JSON objects. */
export const parseLog = (output: string): Record<string, unknown>[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function untilReady(running: Running, url: string): Promise<void> {
  for (;;) {
    if (running.child.exitCode !== null) {
      throw new Error(
        `The group ended with ${running.child.exitCode} before it was ready:\n${running.output()}`,
      );
    }
    const ready = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
