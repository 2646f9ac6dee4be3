import { existsSync } from 'node:fs';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RecordingLine } from '@mad-group/protocol';
import { type CliIo, UsageError } from '../io.ts';

export interface RecordingWriter {
  write(lines: readonly RecordingLine[]): Promise<void>;
  /** The recording is complete. */
  commit(): Promise<void>;
  /** It is not to be kept. Idempotent; does nothing behind `commit`. */
  discard(): Promise<void>;
}

const textOf = (lines: readonly RecordingLine[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** To stdout, as fast as its reader takes it. */
export const stdoutWriter = (io: CliIo): RecordingWriter => ({
  async write(lines) {
    io.stdout.write(textOf(lines));
    await io.stdoutTaken();
  },
  commit: async () => undefined,
  discard: async () => undefined,
});

/**
 * To a file that is there when it is whole, and not before. Only its owner may read it: it holds
 * prompts and answers.
 *
 * @throws UsageError where there is such a file, or where it cannot be written
 */
export async function fileWriter(path: string): Promise<RecordingWriter> {
  if (existsSync(path)) throw new UsageError(`${path} is there already: give another name with --out.`);
  const part = `${path}.part-${process.pid}`;
  const fail = (error: Error): never => {
    throw new UsageError(`${path} cannot be written: ${error.message}`);
  };
  const file = await open(part, 'wx', 0o600).catch(fail);
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
    await rm(part, { force: true });
  };
  return {
    write: (lines) => file.writeFile(textOf(lines)).catch(fail),
    async commit() {
      await file.sync().catch(fail);
      try {
        // Not a rename: nobody may have made the file in the meantime.
        await link(part, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') fail(error as Error);
        throw new UsageError(`${path} has come to be meanwhile, and was left as it is.`);
      } finally {
        await close();
      }
      await syncDirectory(dirname(path));
    },
    discard: close,
  };
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync();
  await directory.close();
}
