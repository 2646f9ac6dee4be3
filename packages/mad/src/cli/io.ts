import pc from 'picocolors';

/** All that a command sees of the process, so that tests run it as a function. */
export interface CliIo {
  readonly stdout: { write(text: string): unknown };
  /**
   * Resolves when stdout has taken what was written, so that what a slow reader leaves does not fill
   * memory; also when nobody reads it any more, and at Ctrl-C.
   */
  stdoutTaken(): Promise<void>;
  readonly stderr: { write(text: string): unknown };
  /** Whether stdout is a terminal. */
  readonly isTTY: boolean;
  /** Whether stderr is a terminal. */
  readonly stderrIsTTY: boolean;
  /** Width of the terminal. */
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Everything that comes on stdin. */
  readStdin(): Promise<string>;
  /** The text of a file, or null where there is none. */
  readFile(path: string): string | null;
  /** Aborted by Ctrl-C, and by the system where it ends the process. */
  readonly signal: AbortSignal;
  /** Aborted when nobody reads stdout any more. */
  readonly stdoutClosed: AbortSignal;
}

/** What a command ends with. */
export const EXIT = {
  ok: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  /** Of `mad-cli bus`, whose 1 says what came out: it could not be done. */
  failed: 4,
  /** What could be compared is the same, and something could not be. */
  sameInPart: 5,
  unknownCommand: 127,
  interrupted: 130,
} as const;

/** The command was called wrongly; the message says how it is called rightly. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command could not be done; the exit code is one that it gives nothing else. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours for stdout: on a terminal, unless `NO_COLOR` is set (no-color.org). */
export const stdoutColors = (io: CliIo): Colors => pc.createColors(io.isTTY && !io.env.NO_COLOR);
export const stderrColors = (io: CliIo): Colors => pc.createColors(io.stderrIsTTY && !io.env.NO_COLOR);

/** Control characters, C1 ones too, beside tab and new line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Text of others as a terminal may show it. A model or a message could hold escape sequences that
 * move the cursor, rename the window or forge output.
 */
export const forTerminal = (text: string): string => text.replace(CONTROLS, '');

/** The same as one line: a line break of others' must not begin a line that looks like ours. */
export const forTerminalLine = (text: string): string => forTerminal(text.replaceAll(/\s+/g, ' '));
