import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The root of the checkout. */
export const ROOT = join(import.meta.dirname, '..', '..');

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start of the process to its end, in milliseconds. */
  readonly durationMs: number;
}

export interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Both, as a terminal would show them. */
  output(): string;
  readonly finished: Promise<Finished>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

/** A clean environment for a process under test: nothing of the caller's configuration leaks in. */
function cleanEnv(env: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LANG } = process.env;
  return { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), ...(LANG ? { LANG } : {}), ...env };
}

/** Starts a program in the root of the checkout. */
export function start(command: string, args: readonly string[], env: Record<string, string> = {}): Running {
  const startedMs = performance.now();
  const child = spawn(command, args, { cwd: ROOT, env: cleanEnv(env), stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    output += text;
  });
  const finished = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
    durationMs: performance.now() - startedMs,
  }));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    output: () => output,
    finished,
    stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return finished;
    },
  };
}

/** Runs a program to its end; `input` is its standard input. */
export async function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  input = '',
): Promise<Finished> {
  const running = start(command, args, env);
  // A program that ends early leaves the rest unread; its end says why.
  running.child.stdin?.on('error', () => undefined).end(input);
  return running.finished;
}
