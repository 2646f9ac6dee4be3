import type { Socket } from 'node:net';
import type { ServerChannel } from 'ssh2';

/** Characters that wait to be sent, past which who writes should wait. */
const FULL_CHARS = 64 * 1024;
/** Colours, which may pass to a terminal; no other sequence may. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const COLOR_OR_CONTROL = /\u001b\[[\d;]*m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

type StreamName = 'out' | 'err';

/** What one session prints. Nothing that it does throws: a reader that is gone is nobody's fault. */
export interface Output {
  /** Whether so much waits that more should not be asked for. */
  readonly isFull: boolean;
  write(text: string): void;
  writeError(text: string): void;
  /** Sequences that steer the terminal, for the prompt alone. */
  writeRaw(text: string): void;
  /** Resolves when the client has room for all that was written, or is gone. */
  drained(): Promise<void>;
  /** Tells the exit code and closes the channel. */
  end(exitCode: number): void;
}

/**
 * Writes to a channel no faster than its reader reads: a piece goes out when the SSH window has taken
 * the one before it, and the socket what it had.
 *
 * @param isTerminal lines end with CR LF then, and colours may pass
 * @param gone aborted when the channel or its connection is
 */
export function createOutput(
  channel: ServerChannel,
  socket: Socket,
  { isTerminal, gone }: { isTerminal: boolean; gone: AbortSignal },
): Output {
  let waiting: { stream: StreamName; text: string }[] = [];
  let waitingChars = 0;
  let sending = false;
  const drainWaiters: (() => void)[] = [];
  /** Ends the wait for the client, which may never end by itself. */
  let wake: (() => void) | undefined;
  gone.addEventListener('abort', () => wake?.(), { once: true });

  const until = (begin: (done: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      if (gone.aborted) return resolve();
      wake = resolve;
      begin(resolve);
    });
  /** The library throws where the connection has failed under it; that is told by `gone`. */
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch {
      wake?.();
    }
  };

  async function sendWaiting(): Promise<void> {
    while (waiting.length > 0 && !gone.aborted) {
      const { stream, text } = takeRun();
      const target = stream === 'out' ? channel : channel.stderr;
      await until((done) => attempt(() => target.write(text, () => done())));
      if (socket.writableNeedDrain) await until((done) => socket.once('drain', done));
    }
    waiting = [];
    waitingChars = 0;
    sending = false;
    for (const resolve of drainWaiters.splice(0)) resolve();
  }
  /** All that goes to one stream next, as one piece. */
  function takeRun(): { stream: StreamName; text: string } {
    const { stream } = waiting[0] as { stream: StreamName };
    const other = waiting.findIndex((piece) => piece.stream !== stream);
    const run = waiting.splice(0, other === -1 ? waiting.length : other);
    const text = run.map((piece) => piece.text).join('');
    waitingChars -= text.length;
    return { stream, text };
  }
  function send(stream: StreamName, text: string): void {
    if (text === '' || gone.aborted) return;
    waiting.push({ stream, text });
    waitingChars += text.length;
    if (sending) return;
    sending = true;
    void sendWaiting();
  }
  const printable = (text: string): string => {
    const safe = text.replace(COLOR_OR_CONTROL, (found) => (isTerminal && found.length > 1 ? found : ''));
    return isTerminal ? safe.replaceAll('\n', '\r\n') : safe;
  };

  return {
    get isFull() {
      return waitingChars > FULL_CHARS || socket.writableNeedDrain;
    },
    write: (text) => send('out', printable(text)),
    // On a terminal both are one, and their order must stay.
    writeError: (text) => send(isTerminal ? 'out' : 'err', printable(text)),
    writeRaw: (text) => send('out', text),
    drained: () => (sending ? new Promise((resolve) => drainWaiters.push(resolve)) : Promise.resolve()),
    end(exitCode) {
      attempt(() => {
        channel.exit(exitCode);
        // Not end(): it would say these words in a later turn, when the connection may have failed.
        (channel as EndableChannel).eof();
        (channel as EndableChannel).close();
      });
    },
  };
}

/** Methods of the library's channel that its types leave out. */
type EndableChannel = ServerChannel & { eof(): void; close(): void };
