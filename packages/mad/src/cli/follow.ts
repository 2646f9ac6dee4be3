import { GetTaskEventsOutput, type TaskEvent, TaskSchema, type TaskStatus } from '@mad-group/protocol';
import { durationWords } from './durations.ts';
import { type CliIo, EXIT, forTerminal, stderrColors, stdoutColors } from './io.ts';
import { createReconnecting, type ReconnectingClient } from './reconnecting.ts';

export interface FollowOptions {
  /** `fiedler` for `fiedler_get_task_events`. */
  readonly toolPrefix: string;
  readonly taskId: string;
  /** Sequence number to go on behind. */
  readonly after: number;
  /** Prints each event as a line of JSON, in place of the text. */
  readonly json: boolean;
  /** Makes a new connection after the one before was lost. */
  readonly connect: () => Promise<ReconnectingClient>;
  /** The command that goes on behind an event, for who is interrupted. Default: that of `mad-cli`. */
  readonly comeBack?: (after: number) => string;
  /** How long a lost connection is tried again, in milliseconds. Default 60,000. */
  readonly giveUpMs?: number;
  /** Wait before a new try, in milliseconds. Default 500. */
  readonly retryMs?: number;
}

/** How long one question waits for the next event, in milliseconds. */
const WAIT_MS = 20_000;
/** What a question may take beyond that, in milliseconds. */
const GRACE_MS = 10_000;

/**
 * Follows a task to its end: its tokens to stdout as they come, everything else to stderr. The
 * sequence number carries it over lost connections and restarts of the MAD.
 *
 * @returns the exit code: 0 where the task is COMPLETED, 1 where it FAILED or was CANCELLED
 * @throws MadError where the MAD refuses or stays away
 */
export async function followTask(
  first: ReconnectingClient,
  options: FollowOptions,
  io: CliIo,
): Promise<number> {
  const { taskId, toolPrefix } = options;
  const comeBack =
    options.comeBack ??
    ((behind) => `mad-cli --follow ${toolPrefix}_get_task_events task_id=${taskId} after=${behind}`);
  const printer = createPrinter(options.json, io);
  const connection = createReconnecting({
    ...options,
    first,
    timeoutMs: WAIT_MS + GRACE_MS,
    signal: io.signal,
    note: printer.note,
  });
  let after = options.after;
  try {
    for (;;) {
      const page = GetTaskEventsOutput.parse(
        await connection.call(`${toolPrefix}_get_task_events`, { task_id: taskId, after, wait_ms: WAIT_MS }),
      );
      for (const event of page.events) printer.event(event);
      after = page.next_after;
      // Who reads slowly is waited for, so that no more than a page lies here.
      await io.stdoutTaken();
      if (!page.done) continue;
      printer.end();
      const reply = await connection.call(`${toolPrefix}_get_task_status`, { task_id: taskId });
      return tellEnd(page.task_status, taskId, reply, io);
    }
  } catch (error) {
    printer.end();
    if (io.signal.aborted) {
      io.stderr.write(`${stderrColors(io).dim(`[the task goes on; come back with: ${comeBack(after)}]`)}\n`);
      return EXIT.interrupted;
    }
    throw error;
  } finally {
    await connection.close();
  }
}

function createPrinter(json: boolean, io: CliIo) {
  let atLineStart = true;
  let attempt = 1;
  const print = (text: string): void => {
    if (text === '') return;
    io.stdout.write(text);
    atLineStart = text.endsWith('\n');
  };
  const endLine = (): void => print(atLineStart ? '' : '\n');
  const note = (words: string): void => {
    // A line of its own where both streams end on one terminal; the text itself stays as it is.
    const lead = io.isTTY && io.stderrIsTTY && !atLineStart ? '\n' : '';
    io.stderr.write(`${lead}${stderrColors(io).dim(`[${forTerminal(words)}]`)}\n`);
    if (lead !== '') atLineStart = true;
  };

  const text = (event: TaskEvent): void => {
    // By the number and not by the `attempt` event alone: after a loss of power that event may stand
    // under a number that was read before.
    if (event.attempt > attempt) {
      attempt = event.attempt;
      // What was printed cannot be taken back, so the reader is told that it no longer counts.
      endLine();
      const words = `[attempt ${attempt}: starting over]`;
      if (io.isTTY) print(`${stdoutColors(io).yellow(words)}\n`);
      else io.stderr.write(`${words}\n`);
    }
    if (event.token !== '') print(io.isTTY ? forTerminal(event.token) : event.token);
    if (!io.stderrIsTTY) return;
    if (event.type === 'tool_call') note(`asks the tool ${String(event.name ?? '')}`);
    if (event.type === 'plan') note(`plan: ${String(event.note ?? '') || 'made'}`);
  };
  return {
    note,
    event: json ? (event: TaskEvent): void => print(`${JSON.stringify(event)}\n`) : text,
    end: endLine,
  };
}

function tellEnd(status: TaskStatus, taskId: string, reply: Record<string, unknown>, io: CliIo): number {
  const colors = stderrColors(io);
  // Fiedler answers with the task itself, as at first, or inside of `task`.
  const task = TaskSchema.partial().safeParse(reply.task ?? reply).data;
  const took =
    task?.started_at && task.finished_at
      ? `, ${durationWords(Date.parse(task.finished_at) - Date.parse(task.started_at))}`
      : '';
  const word = status === 'COMPLETED' ? colors.green(`[${status}]`) : colors.red(`[${status}]`);
  const error = task?.error_details
    ? `\n${forTerminal(task.error_details.message)} (${task.error_details.code})`
    : '';
  io.stderr.write(`${word} ${colors.dim(`task ${taskId}${took}`)}${error}\n`);
  return status === 'COMPLETED' ? EXIT.ok : EXIT.refused;
}
