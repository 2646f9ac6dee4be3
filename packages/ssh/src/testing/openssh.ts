import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** A key pair that `ssh-keygen` made. */
export interface KeyPair {
  /** Path of the private key. */
  readonly path: string;
  /** The line of the public key. */
  readonly line: string;
  readonly fingerprint: string;
}

/** Makes a key: `ed25519`, `ecdsa`, `rsa`. */
export function makeKey(folder: string, name: string, type = 'ed25519'): KeyPair {
  const path = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', `${name}@test`, '-f', path]);
  return {
    path,
    line: readFileSync(`${path}.pub`, 'utf8').trim(),
    fingerprint: fingerprintIn(execFileSync('ssh-keygen', ['-l', '-f', `${path}.pub`], { encoding: 'utf8' })),
  };
}

/** `SHA256:…` of what `ssh-keygen -l` printed. */
export const fingerprintIn = (text: string): string => /SHA256:\S+/.exec(text)?.[0] ?? '';

export interface Login {
  readonly port: number;
  readonly key?: KeyPair | undefined;
  readonly user?: string;
  /** Where the host keys are that were seen before. */
  readonly knownHosts: string;
  /** Options of ssh(1) before the address: `['-A']`, `['-o', 'Ciphers=…']`. */
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SshClient {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** What is typed, or comes on stdin. */
  type(text: string): void;
  readonly finished: Promise<Finished>;
  kill(signal?: NodeJS.Signals): Promise<Finished>;
}

export interface TerminalClient extends SshClient {
  resize(columns: number, rows: number): void;
}

/** Arguments of ssh(1), scp(1) and sftp(1) that nothing in this machine's configuration changes. */
function clientOptions({ key, knownHosts, options = [] }: Login): string[] {
  const settings = {
    BatchMode: 'yes',
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'accept-new',
    IdentitiesOnly: 'yes',
    IdentityFile: key?.path ?? 'none',
    ConnectTimeout: '20',
  };
  const given = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  // What comes first wins with ssh, so that the options of a test do.
  return ['-F', 'none', ...options, ...given];
}

const sshArguments = (login: Login): string[] => [
  ...clientOptions(login),
  '-p',
  String(login.port),
  `${login.user ?? 'mad'}@127.0.0.1`,
];

const environment = (login: Login): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  TERM: 'xterm',
  ...login.env,
});

/** Starts ssh(1). `words` are the command; none is a prompt. */
export function startSsh(login: Login, words: readonly string[] = []): SshClient {
  const child = spawn('ssh', [...sshArguments(login), ...words], { env: environment(login) });
  return watch(child, child.stdin, child.stdout, child.stderr);
}

/** Runs ssh(1) to its end. */
export async function ssh(login: Login, words: readonly string[] = [], input = ''): Promise<Finished> {
  const client = startSsh(login, words);
  client.child.stdin?.end(input);
  return client.finished;
}

/** Runs scp(1) or sftp(1) to its end, with these words behind its options. */
export function copyProgram(
  program: 'scp' | 'sftp',
  login: Login,
  words: readonly string[],
): Promise<Finished> {
  const args = [...clientOptions(login), '-P', String(login.port), ...words];
  const child = spawn(program, args, { env: environment(login), stdio: ['ignore', 'pipe', 'pipe'] });
  return watch(child, null, child.stdout, child.stderr).finished;
}

/** Starts ssh(1) on a terminal of its own. */
export function startTerminal(
  login: Login,
  words: readonly string[] = [],
  { columns = 100, rows = 30 } = {},
): TerminalClient {
  const program = ['ssh', ...(words.length > 0 ? ['-t'] : []), ...sshArguments(login), ...words];
  const script = join(import.meta.dirname, 'on_terminal.py');
  const child = spawn('python3', [script, String(columns), String(rows), ...program], {
    env: environment(login),
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const client = watch(child, child.stdin, child.stdout, child.stderr);
  const control = child.stdio[3] as Writable;
  return { ...client, resize: (newColumns, newRows) => control.write(`${newColumns} ${newRows}\n`) };
}

function watch(child: ChildProcess, stdin: Writable | null, out: Readable, err: Readable): SshClient {
  let stdout = '';
  let stderr = '';
  out.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  err.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A client that has ended takes nothing more.
  stdin?.on('error', () => undefined);
  const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    type: (text) => stdin?.write(text),
    finished,
    kill(signal = 'SIGTERM') {
      child.kill(signal);
      return finished;
    },
  };
}
