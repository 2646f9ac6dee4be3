import { type Position, positionTimeMs, type RecordingLine } from '@mad-group/protocol';
import { type CliIo, EXIT, forTerminal, stderrColors } from '../io.ts';
import { counted } from '../options.ts';
import { gapWords } from './entry-line.ts';
import type { LoggedMessage, LogPage } from './grace-log.ts';
import type { RecordingWriter } from './recording-writer.ts';
import { SeenTasks } from './seen-tasks.ts';
import type { TaskLines } from './task-lines.ts';

export interface ExportOptions {
  /** The first line: what was asked for. */
  readonly header: Extract<RecordingLine, { type: 'recording' }>;
  readonly writer: RecordingWriter;
  /** Null where the tasks are not asked for. */
  readonly tasks: TaskLines | null;
  /** Ends an export that follows, which is then complete; breaks off another one. */
  readonly signal: AbortSignal;
  readonly follow: boolean;
  /** Where to say where the recording is; null for stdout. */
  readonly file: string | null;
}

/**
 * Writes pages as a recording, page by page, so that memory does not grow with the log. At the end
 * it says on stderr what there is, and what is missing.
 *
 * @returns 0, or 1 where something is missing of what was asked for
 */
export async function exportPages(
  pages: AsyncIterable<LogPage>,
  options: ExportOptions,
  io: CliIo,
): Promise<number> {
  const { header, writer, tasks, signal, follow } = options;
  const seen = new SeenTasks();
  const totals = { messages: 0, tasks: 0, gaps: 0 };
  let first: Position | null = null;
  let last: Position | null = null;
  let position: Position | null = null;

  const writeTasks = async (found: ReturnType<SeenTasks['takeEnded']>): Promise<void> => {
    if (!tasks || found.length === 0) return;
    for await (const line of tasks.read(found)) {
      if (line.type === 'task') totals.tasks += 1;
      await writer.write([line]);
    }
  };

  try {
    await writer.write([header]);
    try {
      for await (const page of pages) {
        position = page.position;
        for (const gap of page.gaps) {
          totals.gaps += 1;
          io.stderr.write(`${stderrColors(io).yellow(gapWords(gap))}\n`);
        }
        await writer.write([
          ...page.gaps.map((gap) => ({ type: 'gap' as const, gap })),
          ...page.messages.map((message) => ({ type: 'message' as const, message: withoutOwner(message) })),
        ]);
        totals.messages += page.messages.length;
        first ??= page.messages[0]?.position ?? null;
        last = page.messages.at(-1)?.position ?? last;
        for (const message of page.messages) seen.see(message);
        await writeTasks(seen.takeEnded());
      }
    } catch (error) {
      // To be ended is how a recording of what comes does end.
      if (!follow || !signal.aborted) throw error;
    }
    await writeTasks(seen.takeEnded());
    await writeTasks(seen.takeRunning());
    await writer.write([{ type: 'end', ...totals, from: timeOf(first), to: timeOf(last), position }]);
    await writer.commit();
  } finally {
    await writer.discard();
    await tasks?.close();
  }
  tellEnd(totals, { from: timeOf(first), to: timeOf(last) }, options, io);
  return totals.gaps > 0 || (tasks?.missing.length ?? 0) > 0 ? EXIT.refused : EXIT.ok;
}

/** Whose a message is concerns the group that it was recorded in, not who reads the recording. */
function withoutOwner(message: LoggedMessage): LoggedMessage {
  if (message.headers?.owner === undefined) return message;
  const { headers, ...rest } = message;
  const { owner: _, ...others } = headers;
  return Object.keys(others).length === 0 ? rest : { ...rest, headers: others };
}

const timeOf = (position: Position | null): string | null =>
  position === null ? null : new Date(positionTimeMs(position)).toISOString();

function tellEnd(
  totals: { readonly messages: number; readonly tasks: number; readonly gaps: number },
  { from, to }: { from: string | null; to: string | null },
  { tasks, file }: ExportOptions,
  io: CliIo,
): void {
  const colors = stderrColors(io);
  const say = (words: string): void => void io.stderr.write(`${words}\n`);
  for (const { mad, count, reason } of tasks?.missing ?? []) {
    const words = `${counted(count, 'task')} of ${mad} not whole, so that they cannot be replayed: ${reason}`;
    say(colors.yellow(forTerminal(words)));
  }
  if (totals.gaps > 0) {
    const pieces =
      totals.gaps === 1 ? 'a piece of the log is gone' : `${totals.gaps} pieces of the log are gone`;
    say(colors.yellow(`Not whole: ${pieces}, as said above.`));
  }
  const span = from === null ? '' : `, from ${from} to ${to}`;
  const into = file === null ? '' : `${file}: `;
  say(`${into}${counted(totals.messages, 'message')} and ${counted(totals.tasks, 'task')}${span}`);
}
