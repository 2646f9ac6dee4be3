import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify, stripVTControlCharacters } from 'node:util';
import { start } from '../kit/process.ts';

/** Longer than any command of a page takes. */
const COMMAND_MS = 540_000;
/** What was started in the background gets so long to end. */
const STOP_MS = 30_000;
/** Stands around an exit code in the output; nothing else prints it. */
const MARK = '\x1e';

interface Typed {
  readonly output: string;
  readonly exitCode: number;
}

/** One shell on a terminal of 100 columns, as somebody has it who works through a page. */
export interface Terminal {
  /** Types a command and waits for its end. What it starts in the background goes on. */
  type(command: string): Promise<Typed>;
  /** Ends the shell and all that it has started. */
  close(): Promise<void>;
}

/**
 * @param folder where the shell begins
 * @param ownFolder for what the terminal needs itself; it must be empty
 */
export async function openTerminal(
  folder: string,
  ownFolder: string,
  env: Record<string, string> = {},
): Promise<Terminal> {
  // Bash reads from a pipe of its own: the terminal is left to what it runs, and echoes nothing.
  const [pipe, script] = [join(ownFolder, 'typed'), join(ownFolder, 'command.sh')];
  await promisify(execFile)('mkfifo', [pipe]);
  // The shell is the script's process group, and so is whatever runs in its background.
  const running = start('script', ['-qefc', `exec bash --norc --noprofile '${pipe}'`, '/dev/null'], {
    ...env,
    TERM: 'dumb',
    NO_COLOR: '1',
  });
  const writer = createWriteStream(pipe);
  await once(writer, 'open');
  let read = 0;

  const send = async (line: string): Promise<Typed> => {
    writer.write(`${line}; printf '${MARK}%s${MARK}' $?\n`);
    const deadline = AbortSignal.timeout(COMMAND_MS);
    for (;;) {
      const text = running.stdout().slice(read);
      const end = new RegExp(`${MARK}(\\d+)${MARK}`).exec(text);
      if (end) {
        read += end.index + end[0].length;
        const output = stripVTControlCharacters(text.slice(0, end.index)).replaceAll('\r\n', '\n');
        return { output, exitCode: Number(end[1]) };
      }
      const { exitCode, signalCode } = running.child;
      if (exitCode !== null || signalCode !== null)
        throw new Error(`The shell has ended. It printed:\n${text}`);
      await Promise.race([
        once(running.child.stdout as NodeJS.ReadableStream, 'data', { signal: deadline }),
        running.finished,
      ]).catch((error) => {
        if (!deadline.aborted) throw error;
        throw new Error(`It did not end within ${COMMAND_MS / 1000} s. It printed:\n${text}`);
      });
    }
  };
  const group = Number((await send(`cd '${folder}'; stty columns 100; echo $$`)).output);

  return {
    async type(command) {
      // From a file, so that a command that is not closed is an error of its own and swallows no more.
      await writeFile(script, `${command}\n`);
      return send(`. '${script}'`);
    },
    async close() {
      writer.end();
      await endGroup(group);
      await running.finished;
    },
  };
}

/** Ends all processes of a group: by their own will, else without being asked. */
async function endGroup(group: number): Promise<void> {
  const endMs = performance.now() + STOP_MS;
  for (let signal: NodeJS.Signals | 0 = 'SIGTERM'; ; signal = performance.now() < endMs ? 0 : 'SIGKILL') {
    try {
      process.kill(-group, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    await sleep(100);
  }
}
