import { type CliIo, EXIT } from '../io.ts';
import { gapLine, messageLine } from './entry-line.ts';
import type { LogPage } from './grace-log.ts';

/**
 * Prints pages as they come: lines to read on a terminal, lines of JSON elsewhere. Ends with the
 * pages, and without complaint at Ctrl-C or when nobody reads any more.
 */
export async function tail(
  pages: AsyncIterable<LogPage>,
  { json, signal }: { json: boolean; signal: AbortSignal },
  io: CliIo,
): Promise<number> {
  const asJson = json || !io.isTTY;
  try {
    for await (const { gaps, messages } of pages) {
      const lines = asJson
        ? [
            ...gaps.map((gap) => `${JSON.stringify({ type: 'gap', gap })}\n`),
            ...messages.map((message) => `${JSON.stringify({ type: 'message', message })}\n`),
          ]
        : [...gaps.map((gap) => gapLine(gap, io)), ...messages.map((message) => messageLine(message, io))];
      if (lines.length > 0) io.stdout.write(lines.join(''));
      await io.stdoutTaken();
      if (signal.aborted) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return EXIT.ok;
}
