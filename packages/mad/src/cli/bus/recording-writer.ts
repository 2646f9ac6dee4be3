import { existsSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RecordingLine } from '@mad-group/protocol';
import { type CliIo, CommandFailure, EXIT, UsageError } from '../io.ts';
import { systemWords } from './system-words.ts';

export interface RecordingWriter {
  write(lines: readonly RecordingLine[]): Promise<void>;
  /** The recording is complete. */
  commit(): Promise<void>;
  /** It is not to be kept. Idempotent; does nothing behind `commit`. */
  discard(): Promise<void>;
}

/** What file systems without hard links (exFAT, some network ones) answer to one. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

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
 * @param makeLink makes a hard link, and fails where there is a file of that name
 * @throws UsageError where there is such a file, or where none can be made there; CommandFailure
 *   where it cannot be written or named in the end
 */
export async function fileWriter(path: string, makeLink: typeof link = link): Promise<RecordingWriter> {
  if (existsSync(path)) throw new UsageError(`${path} is there already: give another name with --out.`);
  const part = `${path}.part-${process.pid}`;
  const file = await open(part, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const isFolderGone = error.code === 'ENOENT';
    const why = isFolderGone ? `the folder ${dirname(path)} does not exist` : systemWords(error);
    throw new UsageError(`${path} cannot be written: ${why}.`);
  });
  const fail = (error: Error): never => {
    throw new CommandFailure(`${path} cannot be written: ${systemWords(error)}.`, EXIT.failed);
  };
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
  };
  return {
    write: (lines) => file.writeFile(textOf(lines)).catch(fail),
    async commit() {
      await file.sync().catch(fail);
      await close();
      await giveName(part, path, makeLink).catch((error: NodeJS.ErrnoException) => {
        const why =
          error.code === 'EEXIST'
            ? `${path} has come to be meanwhile, and was left as it is`
            : `${path} cannot be written: ${systemWords(error)}`;
        // Hours may be in it.
        const where = existsSync(part) ? ` The recording is whole and is kept as ${part}.` : '';
        throw new CommandFailure(`${why}.${where}`, EXIT.failed, { cause: error });
      });
      await syncDirectory(dirname(path));
    },
    async discard() {
      if (!isOpen) return;
      await close();
      await rm(part, { force: true });
    },
  };
}

/** Gives a file its name in the end. @throws the system's error; EEXIST where there is such a file */
async function giveName(part: string, path: string, makeLink: typeof link): Promise<void> {
  try {
    // Not a rename: nobody may have made the file in the meantime.
    await makeLink(part, path);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await renameToNew(part, path);
    return;
  }
  await rm(part, { force: true });
}

/** The name is taken first, by an empty file that only one can make, and the rename replaces that one. */
async function renameToNew(part: string, path: string): Promise<void> {
  const place = await open(path, 'wx', 0o600);
  await place.close();
  try {
    await rename(part, path);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** So that the name outlives a loss of power, where the file system can promise that. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && !NO_LINKS.has(code)) throw error;
  } finally {
    await directory.close();
  }
}
