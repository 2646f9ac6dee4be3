import { createInterface, type Interface } from 'node:readline';
import { PassThrough, Writable } from 'node:stream';
import type { Output } from './output.ts';

/** Longest line that may be typed, in characters: what is longer is no command. */
const MAX_LINE_CHARS = 4096;
/** What may be typed ahead while a command runs, in bytes. */
const MAX_AHEAD_BYTES = 4096;
/** Lines that may wait for their turn, as those of a file that is piped in do. */
const MAX_LINES = 100;
const MAX_HISTORY = 200;
const CTRL_C = 0x03;
const LEAVE = new Set(['exit', 'quit', 'logout']);

export interface PromptOptions {
  readonly output: Output;
  readonly promptText: string;
  /** Null where there is no terminal: lines come then without a prompt, an echo or a history. */
  readonly terminal: { readonly columns: number } | null;
  /** Earlier lines of this person, newest first. */
  readonly history: readonly string[];
  readonly onHistory: (history: string[]) => void;
  /** Runs a line; the signal aborts at Ctrl-C. Never throws. */
  readonly run: (line: string, signal: AbortSignal) => Promise<number>;
  readonly complete: (line: string) => Promise<[string[], string]>;
  /** Called when it waits for the next line. */
  readonly onReady: () => void;
}

export interface Prompt {
  /** Whether nothing more should be taken for now. Never while a terminal's command runs: Ctrl-C must be heard. */
  readonly isFull: boolean;
  /** What was typed. */
  take(bytes: Buffer): void;
  /** Nothing more comes: what was typed is run, and then it is over. */
  endInput(): void;
  /** The terminal has another size. */
  resized(): void;
  /** Interrupts what runs, and takes nothing more. */
  close(): void;
  /** The exit code of the last command, when it is over. */
  readonly over: Promise<number>;
}

/**
 * Reads lines and runs them one after another. Node's own line editor does history, completion and
 * the keys; it hears nothing while a command runs, since then only Ctrl-C means anything.
 */
export function openPrompt(options: PromptOptions): Prompt {
  const { output, terminal } = options;
  const keys = new PassThrough();
  const screen = createScreen(output, terminal);
  const { promise: over, resolve: end } = Promise.withResolvers<number>();
  const lines: string[] = [];
  /** Of the line that is not ended yet, where no editor has it. */
  let openChars = 0;
  let ahead: Buffer[] = [];
  let running: AbortController | null = null;
  let inputEnded = false;
  let readerClosed = false;
  let closed = false;
  let exitCode = 0;

  const reader: Interface = createInterface({
    input: keys,
    output: terminal ? screen : undefined,
    terminal: terminal !== null,
    prompt: terminal ? options.promptText : '',
    history: [...options.history],
    historySize: MAX_HISTORY,
    removeHistoryDuplicates: true,
    // A line that was pasted in pieces is one; Escape alone means nothing here.
    escapeCodeTimeout: 100,
    completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
      options.complete(line).then(
        (result) => done(null, result),
        () => done(null, [[], line]),
      );
    },
  });
  reader.on('line', (line) => {
    lines.push(line);
    void runLines();
  });
  reader.on('history', (history: string[]) => options.onHistory(history));
  reader.on('SIGINT', () => {
    screen.write('^C\r\n');
    reader.write(null, { ctrl: true, name: 'e' });
    reader.write(null, { ctrl: true, name: 'u' });
  });
  // Without a listener Node would stop this very process at Ctrl-Z.
  reader.on('SIGTSTP', () => undefined);
  reader.on('close', () => {
    readerClosed = true;
    if (terminal && !closed) screen.write('\r\n');
    closeIfDone();
  });

  async function runLines(): Promise<void> {
    if (running) return;
    for (let line = lines.shift(); line !== undefined && !closed; line = lines.shift()) {
      if (LEAVE.has(line.trim())) return close();
      running = new AbortController();
      exitCode = await options.run(line, running.signal);
      await output.drained();
      running = null;
    }
    if (closed) return;
    if (!readerClosed && terminal) reader.prompt();
    const typed = Buffer.concat(ahead.splice(0));
    if (typed.length > 0) take(typed);
    if (inputEnded && !running) keys.end();
    options.onReady();
    closeIfDone();
  }
  function closeIfDone(): void {
    if (readerClosed && !running && lines.length === 0) close();
  }
  function close(): void {
    if (closed) return;
    closed = true;
    running?.abort();
    lines.length = 0;
    reader.close();
    end(exitCode);
  }

  function take(bytes: Buffer): void {
    if (closed || readerClosed) return;
    if (running && terminal) {
      takeWhileRunning(bytes, running);
      return;
    }
    if (longestLine(bytes) > MAX_LINE_CHARS) {
      output.writeError(`\n[a line has at most ${MAX_LINE_CHARS} characters; goodbye]\n`);
      close();
      return;
    }
    keys.write(bytes);
  }
  /** The line editor takes time for each key that grows with its line, so that a long one would stop everything. */
  function longestLine(bytes: Buffer): number {
    const lengths = bytes
      .toString('latin1')
      .split(/[\r\n]/)
      .map((piece) => piece.length);
    lengths[0] = (lengths[0] ?? 0) + (terminal ? reader.line.length : openChars);
    openChars = lengths.at(-1) as number;
    return Math.max(...lengths);
  }
  function takeWhileRunning(bytes: Buffer, command: AbortController): void {
    const at = bytes.lastIndexOf(CTRL_C);
    if (at !== -1) {
      // What was typed before it is meant no more.
      ahead = [];
      lines.length = 0;
      output.writeRaw('^C\r\n');
      command.abort();
    }
    const rest = bytes.subarray(at + 1);
    const held = ahead.reduce((sum, piece) => sum + piece.length, 0);
    if (held + rest.length <= MAX_AHEAD_BYTES) ahead.push(rest);
  }

  if (terminal) reader.prompt();
  return {
    get isFull() {
      return !(terminal && running) && (output.isFull || lines.length > MAX_LINES);
    },
    take,
    endInput() {
      inputEnded = true;
      if (!running) keys.end();
    },
    resized: () => screen.emit('resize'),
    close,
    over,
  };
}

/** The terminal as the line editor knows one: what it writes goes out as it is. */
function createScreen(output: Output, terminal: PromptOptions['terminal']): Writable {
  const screen = new Writable({
    decodeStrings: false,
    write(text: string | Buffer, _encoding, done) {
      output.writeRaw(String(text));
      done();
    },
  });
  Object.defineProperty(screen, 'columns', { get: () => terminal?.columns });
  return screen;
}
