import type { CliIo } from './io.ts';

export interface FakeIo extends CliIo {
  out(): string;
  err(): string;
  interrupt(): void;
  closeStdout(): void;
}

/** A process for tests: what is written is kept, files are an object, nothing is a terminal. */
export function fakeIo(
  given: Partial<Pick<CliIo, 'env' | 'isTTY' | 'stderrIsTTY' | 'columns'>> & {
    stdin?: string;
    files?: Record<string, string>;
    /** A reader that takes its time. */
    stdoutTaken?: () => Promise<void>;
  } = {},
): FakeIo {
  let out = '';
  let err = '';
  const interrupted = new AbortController();
  const stdoutClosed = new AbortController();
  return {
    stdout: {
      write: (text) => {
        out += text;
      },
    },
    stdoutTaken: async () => given.stdoutTaken?.(),
    stderr: {
      write: (text) => {
        err += text;
      },
    },
    isTTY: given.isTTY ?? false,
    stderrIsTTY: given.stderrIsTTY ?? false,
    columns: given.columns ?? 100,
    env: given.env ?? {},
    readStdin: async () => given.stdin ?? '',
    readFile: (path) => given.files?.[path] ?? null,
    signal: interrupted.signal,
    stdoutClosed: stdoutClosed.signal,
    out: () => out,
    err: () => err,
    interrupt: () => interrupted.abort(),
    closeStdout: () => stdoutClosed.abort(),
  };
}
