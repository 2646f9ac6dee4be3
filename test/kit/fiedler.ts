import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestRedis } from '@mad-group/bus/testing';
import Database from 'better-sqlite3';
import { freePorts } from './free-ports.ts';
import { type Finished, type Running, start } from './process.ts';

export interface FiedlerLife {
  readonly running: Running;
  /** From the start of the process until it was ready, in milliseconds. */
  readonly readyMs: number;
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

export interface Fiedler {
  readonly url: string;
  readonly dataDir: string;
  readonly databasePath: string;
  readonly env: Readonly<Record<string, string>>;
  /** Starts a process and does not wait for it. `env` is for this life alone. */
  spawn(env?: Record<string, string>): Running;
  /** Starts a process and resolves when it is ready. */
  start(env?: Record<string, string>): Promise<FiedlerLife>;
  /** What SQLite says of a copy: opening the file itself would repair what a start has to. */
  integrityCheck(): Promise<string>;
  /** Removes its folder. */
  remove(): Promise<void>;
}

export interface FiedlerOptions {
  readonly redis: TestRedis;
  readonly providerUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the product's own. */
  readonly main?: string;
  /** What the process runs in, as `strace` with its arguments. */
  readonly wrapper?: readonly string[];
}

/** A Fiedler that is a process of its own, with one folder and one port through all of its lives. */
export async function createFiedlerPlace(options: FiedlerOptions): Promise<Fiedler> {
  const { redis, providerUrl, main = 'services/fiedler/src/main.ts', wrapper = [] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'mad-fiedler-'));
  const dataDir = join(folder, 'data');
  const databasePath = join(dataDir, 'fiedler_state.db');
  const [port, platformPort] = (await freePorts(2)) as [number, number];
  const env = {
    FIEDLER_PORT: String(port),
    PLATFORM_PORT: String(platformPort),
    DATA_DIR: dataDir,
    REDIS_URL: redis.url,
    OPENAI_BASE_URL: providerUrl,
    TASK_MAX_ATTEMPTS: '100',
    LOG_LEVEL: 'error',
    ...options.env,
  };
  const spawn = (more: Record<string, string> = {}): Running => {
    const [command = 'node', ...args] = [...wrapper, 'node', main];
    return start(command, args, { ...env, ...more });
  };
  return {
    url: `ws://127.0.0.1:${port}`,
    dataDir,
    databasePath,
    env,
    spawn,
    async start(more) {
      const startedMs = performance.now();
      const running = spawn(more);
      await untilReady(running, `http://127.0.0.1:${platformPort}/readyz`);
      return {
        running,
        readyMs: performance.now() - startedMs,
        stop: (signal) => running.stop(signal),
      };
    },
    async integrityCheck() {
      const copy = join(folder, 'copy');
      await rm(copy, { recursive: true, force: true });
      await mkdir(copy);
      await cp(dataDir, copy, { recursive: true, filter: (path) => !/\.lock|-shm$/.test(path) });
      const database = new Database(join(copy, basename(databasePath)));
      try {
        return String(database.pragma('integrity_check', { simple: true }));
      } finally {
        database.close();
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** @throws Error with what it said, where the process ends before it is ready */
async function untilReady(running: Running, url: string): Promise<void> {
  for (;;) {
    if (running.child.exitCode !== null || running.child.signalCode !== null) {
      throw new EndedBeforeReady(running.output());
    }
    const ready = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A process that was to become ready and ended. */
class EndedBeforeReady extends Error {
  constructor(output: string) {
    super(`Fiedler ended before it was ready:\n${output}`);
    this.name = 'EndedBeforeReady';
  }
}
