import { connectTarget } from '../connect.ts';
import { type CliIo, EXIT, forTerminal, stderrColors, stdoutColors, UsageError } from '../io.ts';
import { targetByName } from '../mads.ts';
import { counted, whole } from '../options.ts';
import { compare, type Difference } from './compare.ts';
import { readGraceLog } from './grace-log.ts';
import { play } from './play.ts';
import { type Recording, readRecording } from './recording.ts';
import { ReplayGroup } from './replay-group.ts';
import { replayInputs } from './replay-inputs.ts';
import { REPLY_CHANNEL, ReplyReader } from './reply-reader.ts';

export interface ReplayOptions {
  readonly token: string | null;
  readonly timeoutMs: number | undefined;
  readonly json: boolean;
  readonly withResults: boolean;
}

/** Longest wait for news of a task, in milliseconds, where nothing is said. */
const DEFAULT_TIMEOUT_MS = 120_000;
/** How long Grace is tried again while replies are waited for, in milliseconds. */
const GIVE_UP_MS = 60_000;

/**
 * Plays a recording to the group of the environment and compares what comes out.
 *
 * @returns 0 where it is the same, 1 where it is not, 5 where it is as far as a recording goes that
 *   is not whole
 * @throws UsageError where the file is no recording or holds nothing to play; MadError where the
 *   group refuses or stays away
 */
export async function replayFile(path: string, options: ReplayOptions, io: CliIo): Promise<number> {
  const recording = await readRecording(path);
  tellFlaws(path, recording, io);
  const inputs = replayInputs(recording);
  if (inputs.length === 0) {
    throw new UsageError(
      `${path} holds nothing to replay: no whole task, and no message of a client. Was it exported with --no-tasks, or while its MADs were away?`,
    );
  }
  const { token, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([io.signal, stop.signal]);
  const connect = async (mad: string) => connectTarget(targetByName(mad, io.env), { token }, signal);
  const note = (words: string): void => tell(io, words);
  const replies = new ReplyReader();
  const hearing = new AbortController();
  try {
    if (inputs.some((input) => input.kind === 'message' && input.reply)) {
      await replies.start(
        readGraceLog({
          // Its goodbye comes when all else is over.
          connect: async (ending) => connectTarget(targetByName('grace', io.env), { token }, ending),
          patterns: [REPLY_CHANNEL],
          from: 'now',
          signal: AbortSignal.any([signal, hearing.signal]),
          giveUpMs: GIVE_UP_MS,
          note,
        }),
      );
    }
    const group = new ReplayGroup({ connect, replies, timeoutMs, signal, note });
    const played = await play(inputs, group, stop);
    const differences = compare(played, group.ids, options.withResults);
    const messages = inputs.filter(({ kind }) => kind === 'message').length;
    const tasks = inputs.filter(({ task }) => task !== null).length;
    report({ tasks, messages, differences }, recording, options, io);
    if (differences.length > 0) return EXIT.refused;
    return recording.whole ? EXIT.ok : EXIT.sameInPart;
  } finally {
    hearing.abort();
  }
}

function tellFlaws(path: string, { leftOut, gaps, complete }: Recording, io: CliIo): void {
  if (!complete) tell(io, `${path} was broken off: its last lines are missing`);
  if (gaps > 0) tell(io, `${path} has gaps: what came in them is not replayed`);
  for (const [reason, count] of leftOut) {
    tell(io, `left out: ${counted(count, 'task')}, since ${reason}`);
  }
}

const tell = (io: CliIo, words: string): void =>
  void io.stderr.write(`${stderrColors(io).dim(`[${forTerminal(words)}]`)}\n`);

function report(
  { tasks, messages, differences }: { tasks: number; messages: number; differences: readonly Difference[] },
  { leftOut, whole: isWhole }: Recording,
  { json, withResults }: ReplayOptions,
  io: CliIo,
): void {
  const same = differences.length === 0;
  if (json) {
    const facts = {
      same,
      whole: isWhole,
      tasks,
      messages,
      with_results: withResults,
      left_out: Object.fromEntries(leftOut),
      differences,
    };
    io.stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
    return;
  }
  const colors = stdoutColors(io);
  const print = (words: string): void => void io.stdout.write(`${words}\n`);
  for (const { what, lines } of differences) {
    print(colors.bold(forTerminal(what)));
    for (const line of lines) {
      const paint = line.startsWith('-') ? colors.red : line.startsWith('+') ? colors.green : colors.dim;
      print(paint(io.isTTY ? forTerminal(line) : line));
    }
    print('');
  }
  const of = (kind: Difference['kind'], all: number): string =>
    `${whole(differences.filter((each) => each.kind === kind).length)} of ${whole(all)}`;
  const all = `${counted(tasks, 'task')} and ${counted(messages, 'message')}`;
  print(
    same
      ? isWhole
        ? colors.green(`The same: ${all}.`)
        : colors.yellow(`The same as far as the recording goes, which is not whole: ${all}.`)
      : colors.red(
          `Not the same: ${of('task', tasks)} tasks and ${of('message', messages)} messages differ (- recorded, + now).`,
        ),
  );
}
