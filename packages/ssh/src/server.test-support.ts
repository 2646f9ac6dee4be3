import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, createMemoryBus } from '@mad-group/bus';
import { type Environment, loadConfig, type MadInside } from '@mad-group/mad';
import { type AdminCommand, busTailCommand, EXIT, UsageError } from '@mad-group/mad/admin';
import { silentLogger } from '@mad-group/protocol';
import { type LoggedLine, recordingLog } from '@mad-group/protocol/testing';
import { type OpenAdministration, openAdministration } from './open-administration.ts';
import { type KeyPair, type Login, makeKey } from './testing/openssh.ts';

export interface TestServer {
  readonly folder: string;
  readonly port: number;
  readonly bus: Bus;
  readonly lines: LoggedLine[];
  /** Events of the audit, in the log: their names and what is told beside who did it. */
  audited(): Record<string, unknown>[];
  /** How many lines `flood` has handed on. */
  flooded(): number;
  /** Writes another `authorized_keys`. */
  authorize(...lines: string[]): void;
  /** A login with a key; a new one where none is given. */
  login(more?: Partial<Login>): Login;
  readonly key: KeyPair;
  close(): Promise<void>;
}

const WHO = new Set(['session_id', 'address', 'user', 'key_fingerprint', 'key_comment']);

/** A MAD with toy commands behind a real SSH port, that knows one key unless it is told of others. */
export async function startServer(
  env: Environment = {},
  authorize: (key: KeyPair) => readonly string[] = ({ line }) => [line],
): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mad-ssh-'));
  const path = join(folder, 'authorized_keys');
  const key = makeKey(folder, 'ada');
  writeFileSync(path, authorize(key).join('\n'));
  const { log, lines } = recordingLog();
  const bus = createMemoryBus({ log: silentLogger });
  await bus.start();
  let flooded = 0;
  const flood: AdminCommand = {
    name: 'flood',
    usage: 'flood LINES',
    summary: 'writes as many lines as are asked for',
    async run([count], { io }) {
      for (let line = 1; line <= Number(count); line += 1) {
        io.stdout.write(`${String(line).padStart(9)} ${'x'.repeat(90)}\n`);
        await io.stdoutTaken();
        io.signal.throwIfAborted();
        flooded = line;
      }
      return EXIT.ok;
    },
  };
  const inside: MadInside = {
    id: 'toy',
    title: 'ToyV1',
    log,
    bus,
    callTool: async ({ toolName, caller, correlationId }) => ({
      ok: true,
      reply: { status: 'success', tool: toolName, caller: caller.name, correlation_id: correlationId },
      correlationId: correlationId ?? '',
    }),
  };
  const config = loadConfig({ DATA_DIR: folder, ...env });
  const opened = await openAdministration({
    config,
    path,
    port: 0,
    portKey: 'TOY_SSH_PORT',
    inside,
    commands: [...TOYS, flood, busTailCommand(bus)],
  });
  if ('whyClosed' in opened) throw new Error(opened.whyClosed);
  return {
    folder,
    port: opened.port,
    bus,
    lines,
    audited: () =>
      lines
        .filter(({ facts }) => typeof facts.event === 'string')
        .map(({ facts }) => Object.fromEntries(Object.entries(facts).filter(([name]) => !WHO.has(name)))),
    flooded: () => flooded,
    authorize: (...given) => writeFileSync(path, given.join('\n')),
    login: (more) => ({ port: opened.port, key, knownHosts: join(folder, 'known_hosts'), ...more }),
    key,
    close: () => close(opened, bus, folder),
  };
}

async function close(opened: OpenAdministration, bus: Bus, folder: string): Promise<void> {
  await opened.close(1000);
  await bus.stop();
  rmSync(folder, { recursive: true });
}

const TOYS: readonly AdminCommand[] = [
  {
    name: 'toy-say',
    usage: 'toy-say WORD …',
    summary: 'says the words, and how wide the terminal is',
    async run(words, { io }) {
      io.stdout.write(`${words.join('|')}\n`);
      io.stderr.write(`columns ${io.columns}, terminal ${io.isTTY}\n`);
      return EXIT.ok;
    },
  },
  {
    name: 'toy-fail',
    usage: 'toy-fail',
    summary: 'is called wrongly',
    run: async () => {
      throw new UsageError('that was wrong; say it like this.');
    },
  },
  {
    name: 'toy-break',
    usage: 'toy-break',
    summary: 'has a defect',
    run: async () => {
      throw new TypeError('undefined is not a function of the secret password');
    },
  },
  {
    name: 'toy-call',
    usage: 'toy-call',
    summary: 'calls a tool',
    async run(_args, { io, tools }) {
      io.stdout.write(`${JSON.stringify(await tools.callOrThrow('toy_echo'))}\n`);
      return EXIT.ok;
    },
  },
  {
    name: 'toy-wait',
    usage: 'toy-wait',
    summary: 'waits until it is interrupted',
    async run(_args, { io }) {
      io.stdout.write('waiting\n');
      const { promise, resolve } = Promise.withResolvers<number>();
      io.signal.addEventListener('abort', () => resolve(EXIT.interrupted));
      return promise;
    },
  },
];
