import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { endProcess, startRedisProcess } from './redis-process.ts';

export interface TestRedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Where its files are. Default: a new directory that is removed at the stop. */
  readonly dir?: string;
  /** Default: a random one. */
  readonly password?: string;
  /** Keep an append-only file, so that data outlives a kill. Default: false. */
  readonly appendonly?: boolean;
  /**
   * When the append-only file is synced: `always` before each answer, `everysec` once a second, which
   * may even hold back the writing while a slow disk syncs. Default: `everysec`, as Redis' own.
   */
  readonly appendfsync?: 'always' | 'everysec';
  /** The primary's port on 127.0.0.1, of which this is to be a replica. Both have one password. */
  readonly replicaOf?: number;
}

export interface TestRedis {
  /** With the password in it. */
  readonly url: string;
  readonly password: string;
  readonly port: number;
  /** Ends the server and removes its own directory. Idempotent. */
  stop(): Promise<void>;
  /** Ends or halts the server and keeps its files. With SIGSTOP and SIGCONT it goes on running. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Removes the files of a server that was ended: it comes back without its data. */
  clear(): Promise<void>;
  /** Starts it again on the same port and files, killing what runs. */
  restart(): Promise<void>;
}

/**
 * A real `redis-server` on 127.0.0.1, with a password and `noeviction`, as the group runs it.
 *
 * @throws Error where there is no `redis-server` on the PATH, or it does not start
 */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const port = options.port ?? ((await freePorts(1))[0] as number);
  const password = options.password ?? randomBytes(12).toString('hex');
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'mad-redis-')));
  const url = `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  const begin = async (): Promise<void> => {
    await mendAppendOnlyFile(dir);
    child = await startRedisProcess(serverArguments({ ...options, port, password, dir }), url);
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (!child) return;
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') {
      child.kill(signal);
      return;
    }
    await endProcess(child, signal);
    child = undefined;
  };

  await begin();
  return {
    url,
    password,
    port,
    kill,
    async clear() {
      for (const name of await readdir(dir)) await rm(join(dir, name), { recursive: true });
    },
    async restart() {
      await kill();
      await begin();
    },
    async stop() {
      await kill();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

/**
 * Cuts a transaction that a kill tore off the end of the append-only file. Redis 7.0 itself keeps the
 * commands of it that are whole, does not load them, and runs them at the start after the next one:
 * entries that were published again are then there twice, and the oldest ones are trimmed for them.
 */
async function mendAppendOnlyFile(dir: string): Promise<void> {
  const manifest = join(dir, 'appendonlydir', 'appendonly.aof.manifest');
  if (!existsSync(manifest)) return;
  const child = spawn('redis-check-aof', ['--fix', manifest], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.on('error', () => undefined).end('y\n');
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`redis-check-aof ended with ${code} on ${manifest}`);
}

function serverArguments(
  server: TestRedisOptions & Required<Pick<TestRedisOptions, 'port' | 'dir' | 'password'>>,
): string[] {
  const settings = {
    port: String(server.port),
    bind: '127.0.0.1',
    requirepass: server.password,
    // For the day when it is a replica.
    masterauth: server.password,
    dir: server.dir,
    appendonly: server.appendonly ? 'yes' : 'no',
    appendfsync: server.appendfsync ?? 'everysec',
    'maxmemory-policy': 'noeviction',
    save: '',
    daemonize: 'no',
    // No waiting for more replicas to come.
    'repl-diskless-sync-delay': '0',
    ...(server.replicaOf === undefined ? {} : { replicaof: `127.0.0.1 ${server.replicaOf}` }),
  };
  return Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]);
}
