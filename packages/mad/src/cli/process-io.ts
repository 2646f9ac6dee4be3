import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { failureOf } from './failure.ts';
import { type CliIo, CommandFailure, EXIT, forTerminal, stderrColors, UsageError } from './io.ts';

/** Runs a command on a process: its streams, its environment, Ctrl-C, its exit code. */
export async function runOnProcess(
  name: string,
  run: (args: readonly string[], io: CliIo) => Promise<number>,
  process: NodeJS.Process,
): Promise<void> {
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  // Whoever records for hours is ended by its system, and has a file to close.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onInterrupt);
  const stdoutClosed = new AbortController();
  // A reader that has seen enough, as `grep -q` and `head` do, is no failure of ours.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (stream === process.stdout) stdoutClosed.abort();
    });
  }
  const ending = AbortSignal.any([interrupted.signal, stdoutClosed.signal]);
  const io: CliIo = {
    stdout: process.stdout,
    stdoutTaken: () => drained(process.stdout, ending),
    stderr: process.stderr,
    isTTY: process.stdout.isTTY === true,
    stderrIsTTY: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? 100,
    env: process.env,
    readStdin: readAllOf(process.stdin),
    readFile,
    signal: interrupted.signal,
    stdoutClosed: stdoutClosed.signal,
  };
  process.exitCode = await runToEnd(name, run, process.argv.slice(2), io);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, onInterrupt);
}

/** The command's exit code; what it throws becomes words on stderr. */
export async function runToEnd(
  name: string,
  run: (args: readonly string[], io: CliIo) => Promise<number>,
  args: readonly string[],
  io: CliIo,
): Promise<number> {
  try {
    return await run(args, io);
  } catch (error) {
    // What is broken off fails in ways that tell nothing; a file that cannot be written is no such.
    const isOfFile = error instanceof UsageError || error instanceof CommandFailure;
    if (io.signal.aborted && !isOfFile) return EXIT.interrupted;
    const failure = failureOf(error);
    if (!failure) throw error;
    io.stderr.write(`${stderrColors(io).red(`${name}: `)}${forTerminal(failure.message)}\n`);
    return failure.exitCode;
  }
}

/** A pipe takes what its reader has room for; Node keeps the rest in memory. */
async function drained(stream: NodeJS.WriteStream, ending: AbortSignal): Promise<void> {
  if (!stream.writableNeedDrain || ending.aborted) return;
  await once(stream, 'drain', { signal: ending }).catch((error: unknown) => {
    if (!ending.aborted) throw error;
  });
}

const readAllOf = (stream: AsyncIterable<Buffer>) => async (): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  }
}
