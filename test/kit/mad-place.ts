import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectTools, type ToolClient } from '@mad-group/mad';
import { freePorts } from './free-ports.ts';
import type { MadName } from './group.ts';
import { type Running, start } from './process.ts';

/** One MAD in a process of its own, with one folder and the same ports through all of its lives. */
export interface MadPlace {
  /** WebSocket address of its tools. */
  readonly url: string;
  readonly mcpUrl: string;
  readonly metricsUrl: string;
  /** Folder of its database, unless its environment says another. */
  readonly dataDir: string;
  /** Starts a process and does not wait for it. `nodeArgs` stand before the program. */
  spawn(nodeArgs?: readonly string[]): Running;
  /** Resolves when the running process is ready. */
  untilReady(running: Running): Promise<void>;
  /** A client of its tools. */
  connect(): Promise<ToolClient>;
  /** Removes its folder. */
  remove(): Promise<void>;
}

export async function createMadPlace(
  name: MadName,
  env: Readonly<Record<string, string>>,
): Promise<MadPlace> {
  const folder = await mkdtemp(join(tmpdir(), `mad-${name}-`));
  const [port, platformPort] = (await freePorts(2)) as [number, number];
  const url = `ws://127.0.0.1:${port}`;
  const platformUrl = `http://127.0.0.1:${platformPort}`;
  return {
    url,
    mcpUrl: `http://127.0.0.1:${port}/mcp`,
    metricsUrl: `${platformUrl}/metrics`,
    dataDir: folder,
    spawn: (nodeArgs = []) =>
      start('node', [...nodeArgs, `services/${name}/src/main.ts`], {
        [`${name.toUpperCase().replaceAll('-', '_')}_PORT`]: String(port),
        PLATFORM_PORT: String(platformPort),
        DATA_DIR: folder,
        ...env,
      }),
    async untilReady(running) {
      for (;;) {
        if (running.child.exitCode !== null || running.child.signalCode !== null) {
          throw new Error(`${name} ended before it was ready:\n${running.output()}`);
        }
        const ready = await fetch(`${platformUrl}/readyz`).then(
          (response) => response.ok,
          () => false,
        );
        if (ready) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    connect: () => connectTools(url),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
