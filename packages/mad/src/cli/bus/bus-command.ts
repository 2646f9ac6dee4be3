import { RECORDING_FORMAT } from '@mad-group/protocol';
import { assertPattern } from '../bus-pattern.ts';
import { connectTarget } from '../connect.ts';
import { failureOf } from '../failure.ts';
import { type CliIo, CommandFailure, EXIT, forTerminal, stderrColors } from '../io.ts';
import { targetAt, targetByName } from '../mads.ts';
import { readVersion } from '../version.ts';
import type { LogPage } from './grace-log.ts';
import { type BusCall, oneFile, parseBusCall } from './options.ts';
import type { Selection } from './read-span.ts';
import { parseSpan, type Span } from './span.ts';

/** How long an export tries a lost connection again, in milliseconds. What follows never gives up. */
const GIVE_UP_MS = 60_000;
const REPLY_TIMEOUT_MS = 30_000;
const NEVER = new AbortController().signal;

/**
 * `mad-cli bus …`: the flight recorder.
 *
 * @throws UsageError, MadError, CommandFailure for what ends it early
 */
export async function runBusCommand(args: readonly string[], io: CliIo): Promise<number> {
  try {
    return await run(args, io);
  } catch (error) {
    const failure = failureOf(error);
    // 1 says that a recording is not whole, or that a replay differs; Node, too, ends a defect with it.
    if (io.signal.aborted || (failure && failure.exitCode !== EXIT.refused)) throw error;
    const words = failure?.message ?? `a defect of this command. ${(error as Error).stack}`;
    throw new CommandFailure(words, EXIT.failed, { cause: error });
  }
}

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const call = parseBusCall(args, io);
  if (call.help || call.command === null) {
    const { BUS_HELP, COMMAND_HELP } = await import('./help.ts');
    io.stdout.write(call.command === null ? BUS_HELP : COMMAND_HELP[call.command]);
    return EXIT.ok;
  }
  switch (call.command) {
    case 'tail':
      return runTail(call, io);
    case 'export':
      return runExport(call, io);
    case 'model': {
      const { serveRecording } = await import('./model.ts');
      return serveRecording(oneFile('model', call.words), call.values, io);
    }
    case 'replay': {
      const { replayFile } = await import('./replay.ts');
      const { values, token, timeoutMs } = call;
      const options = {
        token,
        timeoutMs,
        json: values.json ?? false,
        withResults: !values['without-results'],
      };
      return replayFile(oneFile('replay', call.words), options, io);
    }
  }
}

/** Aborts when the command is to end, or when nobody reads what it prints. */
const endOf = (io: CliIo): AbortSignal => AbortSignal.any([io.signal, io.stdoutClosed]);

async function runTail(call: BusCall, io: CliIo): Promise<number> {
  const { tail } = await import('./tail.ts');
  const span = parseSpan(call.values, Date.now());
  const signal = endOf(io);
  const pages = await readPages(call, span, { follow: true, signal, otherwise: 'now' }, io);
  return tail(pages, { json: call.values.json ?? false, signal }, io);
}

async function runExport(call: BusCall, io: CliIo): Promise<number> {
  const [{ exportPages }, { fileWriter, stdoutWriter }, { TaskLines }] = await Promise.all([
    import('./export.ts'),
    import('./recording-writer.ts'),
    import('./task-lines.ts'),
  ]);
  const { values, token, timeoutMs = REPLY_TIMEOUT_MS } = call;
  const span = parseSpan(values, Date.now());
  const follow = values.follow ?? false;
  const signal = endOf(io);
  const pages = await readPages(call, span, { follow, signal, otherwise: 'start' }, io);
  const file = values.out ?? null;
  // One that follows asks for its last tasks when it has been ended.
  const asking = follow ? NEVER : signal;
  const tasks = new TaskLines({
    connect: async (mad) => connectTarget(targetByName(mad, io.env), { token, timeoutMs }, asking),
    timeoutMs,
    signal: asking,
  });
  try {
    return await exportPages(
      pages,
      {
        header: headerOf(call, span),
        writer: file === null ? stdoutWriter(io) : await fileWriter(file),
        tasks: values['no-tasks'] ? null : tasks,
        signal,
        follow,
        file,
      },
      io,
    );
  } catch (error) {
    if (io.stdoutClosed.aborted) return EXIT.ok;
    throw error;
  }
}

/** The pages that a call asks for; where it names no beginning, from `otherwise` on. */
async function readPages(
  { words, values, token, timeoutMs }: BusCall,
  span: Span,
  { follow, signal, otherwise }: { follow: boolean; signal: AbortSignal; otherwise: 'start' | 'now' },
  io: CliIo,
): Promise<AsyncGenerator<LogPage>> {
  const [{ readGraceLog }, { readSpan }] = await Promise.all([
    import('./grace-log.ts'),
    import('./read-span.ts'),
  ]);
  for (const pattern of words) assertPattern(pattern);
  const grace = values.url === undefined ? targetByName('grace', io.env) : targetAt(values.url, 'Grace');
  const log = readGraceLog({
    connect: (ending) => connectTarget(grace, { token, timeoutMs }, ending),
    patterns: words.length === 0 ? ['mad.#'] : words,
    from: beginning(span, otherwise),
    signal,
    giveUpMs: follow ? Number.POSITIVE_INFINITY : GIVE_UP_MS,
    note: (note) => io.stderr.write(`${stderrColors(io).dim(`[${forTerminal(note)}]`)}\n`),
  });
  const selection: Selection = { ...idsOf(values), untilMs: span.untilMs, follow };
  return readSpan(log, selection);
}

function beginning({ after, sinceMs }: Span, otherwise: 'start' | 'now') {
  if (after !== null) return { after };
  return sinceMs === null ? otherwise : { since: new Date(sinceMs).toISOString() };
}

const idsOf = ({ correlation, conversation }: BusCall['values']) => ({
  correlationId: correlation ?? null,
  conversationId: conversation ?? null,
});

function headerOf({ words, values }: BusCall, { after, sinceMs, untilMs }: Span) {
  const iso = (timeMs: number | null): string | null =>
    timeMs === null ? null : new Date(timeMs).toISOString();
  const { correlationId, conversationId } = idsOf(values);
  return {
    type: 'recording' as const,
    format: RECORDING_FORMAT as typeof RECORDING_FORMAT,
    version: readVersion(),
    patterns: words.length === 0 ? ['mad.#'] : [...words],
    after,
    since: iso(sinceMs),
    until: iso(untilMs),
    correlation_id: correlationId,
    conversation_id: conversationId,
  };
}
