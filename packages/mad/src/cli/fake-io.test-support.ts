import type { CliIo } from './io.ts';

export interface FakeIo extends CliIo {
  out(): string;
  err(): string;
  interrupt(): void;
}

/** A process for tests: what is written is kept, files are an object, nothing is a terminal. */
export function fakeIo(
  given: Partial<Pick<CliIo, 'env' | 'isTTY' | 'stderrIsTTY' | 'columns'>> & {
    stdin?: string;
    files?: Record<string, string>;
  } = {},
): FakeIo {
  let out = '';
  let err = '';
  const interrupted = new AbortController();
  return {
    stdout: {
      write: (text) => {
        out += text;
      },
    },
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
    out: () => out,
    err: () => err,
    interrupt: () => interrupted.abort(),
  };
}
