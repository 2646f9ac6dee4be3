import type { Socket } from 'node:net';
import type { CliIo } from '@mad-group/mad/admin';
import type { PseudoTtyInfo, ServerChannel, Session } from 'ssh2';
import type { CommandRunner } from './command-runner.ts';
import type { IdleTimer } from './idle-timer.ts';
import type { KeyOptions } from './key-options.ts';
import { createOutput, type Output } from './output.ts';
import { openPrompt, type Prompt } from './prompt.ts';

/** What a session has of its connection. */
export interface SessionParts {
  readonly socket: Socket;
  readonly options: KeyOptions;
  readonly runner: CommandRunner;
  readonly idle: IdleTimer;
  /** Lines at the head of a prompt. */
  readonly greeting: string;
  readonly promptText: string;
  readonly history: { get(): readonly string[]; set(lines: string[]): void };
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
  /** Writes down what was asked for and is not to be had here. */
  refused(what: string): void;
}

export interface OpenSession {
  /** Says why, interrupts what runs, and closes. Resolves when its reader has had the words. */
  stop(words: string): Promise<void>;
  /** Resolves when the session is over. */
  readonly over: Promise<void>;
}

/** As a shell would have it of a SIGTERM. */
const EXIT_STOPPED = 143;
const CTRL_C = 0x03;

/** Width that is believed, in characters. */
const columnsOf = (columns: number): number => (columns > 0 ? Math.min(columns, 1000) : 80);

/**
 * Serves one session: one command, or a prompt. There is no shell, no subsystem, no environment, and
 * nothing is forwarded.
 */
export function serveSession(session: Session, parts: SessionParts): OpenSession {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const channelGone = new AbortController();
  const gone = AbortSignal.any([parts.gone, channelGone.signal]);
  gone.addEventListener('abort', () => resolve(), { once: true });
  let terminal: { columns: number; readonly isDumb: boolean } | null = null;
  let running: RunningChannel | undefined;

  session.on('pty', (accept, reject, info: PseudoTtyInfo) => {
    if (!parts.options.terminal) {
      parts.refused('a terminal');
      return reject?.();
    }
    terminal = { columns: columnsOf(info.cols), isDumb: info.term === 'dumb' };
    accept?.();
  });
  session.on('window-change', (accept, _reject, { cols }) => {
    if (terminal) terminal.columns = columnsOf(cols);
    running?.resized();
    accept?.();
  });
  session.on('signal', (accept) => {
    running?.interrupt();
    accept?.();
  });
  session.on('exec', (accept, _reject, { command }) => begin(accept(), command));
  session.on('shell', (accept) => begin(accept(), null));
  for (const [event, what] of [
    ['sftp', 'sftp'],
    ['x11', 'X11 forwarding'],
    ['auth-agent', 'agent forwarding'],
  ] as const) {
    session.on(event, (_accept: unknown, reject: (() => void) | undefined) => {
      parts.refused(what);
      reject?.();
    });
  }
  session.on('subsystem', (_accept, reject, { name }) => {
    parts.refused(`the subsystem ${name.slice(0, 100)}`);
    reject?.();
  });
  // The channel itself tells of its end only when all that it was sent has been read.
  session.on('close', () => channelGone.abort());

  function begin(channel: ServerChannel, asked: string | null): void {
    // What is written to a channel that is closing is an error of the stream, which nobody must hear.
    channel.on('error', () => channelGone.abort());
    channel.stderr.on('error', () => channelGone.abort());
    channel.on('close', () => channelGone.abort());
    const output = createOutput(channel, parts.socket, { isTerminal: terminal !== null, gone });
    const { command } = parts.options;
    if (command !== null && asked !== null && asked !== command) {
      parts.refused(`the command ${asked.slice(0, 100)}, since the key runs one alone`);
    }
    const line = command ?? asked;
    const run: ChannelRun = { channel, output, parts, terminal, gone };
    running = line === null ? runPrompt(run) : runCommand(run, line);
    void running.over.then(async (exitCode) => {
      await output.drained();
      output.end(exitCode);
      resolve();
    });
  }

  return {
    over,
    async stop(words) {
      if (!running) return;
      running.stop(words);
      await over;
    },
  };
}

interface ChannelRun {
  readonly channel: ServerChannel;
  readonly output: Output;
  readonly parts: SessionParts;
  readonly terminal: { readonly columns: number; readonly isDumb: boolean } | null;
  readonly gone: AbortSignal;
}

interface RunningChannel {
  /** The exit code, when nothing runs any more. */
  readonly over: Promise<number>;
  interrupt(): void;
  resized(): void;
  stop(words: string): void;
}

/** One command, and nothing after it. */
function runCommand(run: ChannelRun, line: string): RunningChannel {
  const { channel, output, parts, gone } = run;
  const interrupted = new AbortController();
  let stopped = false;
  const done = parts.idle.busy();
  const signal = AbortSignal.any([gone, interrupted.signal]);
  const over = parts.runner
    .run(line, createIo(run, signal))
    .then((exitCode) => (stopped ? EXIT_STOPPED : exitCode))
    .finally(done);
  // What is typed means nothing to a command, but Ctrl-C on a terminal.
  channel.on('data', (bytes: Buffer) => {
    if (run.terminal && bytes.includes(CTRL_C)) interrupted.abort();
  });
  return {
    over,
    interrupt: () => interrupted.abort(),
    resized: () => undefined,
    stop(words) {
      stopped = true;
      output.writeError(`\n[${words}]\n`);
      interrupted.abort();
    },
  };
}

/** Lines, one after another, until `exit`. */
function runPrompt(run: ChannelRun): RunningChannel {
  const { channel, output, parts, terminal, gone } = run;
  let stopped = false;
  const resumeIfRoom = (): void => {
    if (!prompt.isFull) channel.resume();
  };
  if (terminal) output.write(parts.greeting);
  const prompt: Prompt = openPrompt({
    output,
    terminal,
    promptText: parts.promptText,
    history: parts.history.get(),
    onHistory: parts.history.set,
    complete: (line) => parts.runner.complete(line, createIo(run, gone)),
    onReady: resumeIfRoom,
    async run(line, signal) {
      const done = parts.idle.busy();
      const exitCode = await parts.runner.run(line, createIo(run, AbortSignal.any([gone, signal])));
      done();
      return exitCode;
    },
  });
  gone.addEventListener('abort', () => prompt.close(), { once: true });
  channel.on('data', (bytes: Buffer) => {
    parts.idle.touch();
    prompt.take(bytes);
    if (!prompt.isFull) return;
    channel.pause();
    void output.drained().then(resumeIfRoom);
  });
  channel.on('end', () => prompt.endInput());
  return {
    over: prompt.over.then((exitCode) => (stopped ? EXIT_STOPPED : exitCode)),
    interrupt: () => prompt.take(Buffer.of(CTRL_C)),
    resized: prompt.resized,
    stop(words) {
      stopped = true;
      output.writeError(`\n[${words}]\n`);
      prompt.close();
    },
  };
}

/** The session as commands see it, which know of no channel. */
const createIo = ({ output, terminal }: ChannelRun, signal: AbortSignal): CliIo => ({
  stdout: { write: output.write },
  stderr: { write: output.writeError },
  isTTY: terminal !== null,
  stderrIsTTY: terminal !== null,
  get columns() {
    return terminal?.columns ?? Number.POSITIVE_INFINITY;
  },
  env: terminal?.isDumb ? { NO_COLOR: '1' } : {},
  readStdin: async () => '',
  readFile: () => null,
  signal,
  // Who goes away ends the session, and what runs in it.
  stdoutClosed: signal,
  // A little may wait, since each piece that is sent alone is a packet of its own.
  stdoutTaken: () => (output.isFull ? output.drained() : Promise.resolve()),
});
