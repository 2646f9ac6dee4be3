import { type Logger, MadError, silentLogger, throwErrorReply } from '@mad-group/protocol';
import { currentTraceHeaders, type TraceHeaders } from '@mad-group/protocol/tracing';
import { type RawData, WebSocket } from 'ws';
import { openSocket } from './open-socket.ts';

/** What a tool answers: `status` says how it went. */
export type ToolReply = Record<string, unknown>;

export interface ConnectOptions {
  /** Bearer token; none where the MAD asks for none. */
  readonly token?: string | null | undefined;
  readonly log?: Logger;
  /** Longest wait for the connection, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** How often a silent connection is tested, in milliseconds. Default 15,000. */
  readonly pingIntervalMs?: number;
  /** Ends the attempt to connect, not the connection. */
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions {
  /** Gives up waiting; the MAD may go on until the connection is closed. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for the reply, in milliseconds. Without it there is none. */
  readonly timeoutMs?: number | undefined;
}

export interface ToolClient {
  readonly url: string;
  /** False once the connection is gone. */
  readonly open: boolean;
  /**
   * Calls a tool and gives its reply as it is, a refusal (`{status: 'error'}`) too. Calls may be
   * made while others wait; the MAD answers in their order.
   *
   * @throws MadError `unreachable` where the connection breaks, `timeout`; the signal's reason
   */
  call(tool: string, input?: object, options?: CallOptions): Promise<ToolReply>;
  /** As `call`, with a refusal thrown as the MadError that it was. */
  callOrThrow(tool: string, input?: object, options?: CallOptions): Promise<ToolReply>;
  /** Messages that the server sends unasked, `{type: 'message', message}`. Returns what ends it. */
  onMessage(listener: (message: unknown) => void): () => void;
  /** Calls back once, with the reason, when the connection is gone. Returns what ends it. */
  onClose(listener: (reason: MadError) => void): () => void;
  /** Idempotent. Calls that still wait are rejected. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(reply: ToolReply): void;
  reject(error: unknown): void;
}

/**
 * Connects to a MAD over the founding protocol: `{"tool_name", "tool_input"}` in a text frame, one
 * JSON reply each, in the order of the requests.
 *
 * @throws MadError `unauthenticated`, `forbidden`, `unreachable`
 */
export async function connectTools(url: string, options: ConnectOptions = {}): Promise<ToolClient> {
  const socket = await openSocket(url, {
    token: options.token,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    signal: options.signal,
  });
  return serveCalls(url, socket, options.log ?? silentLogger, options.pingIntervalMs ?? 15_000);
}

function serveCalls(url: string, socket: WebSocket, log: Logger, pingIntervalMs: number): ToolClient {
  // A call that gave up keeps its place: its reply still comes and must not answer the next one.
  const waiting: Waiting[] = [];
  const messageListeners = new Set<(message: unknown) => void>();
  const closeListeners = new Set<(reason: MadError) => void>();
  let gone: MadError | null = null;
  let closing = false;
  let heard = true;

  const end = (reason: MadError): void => {
    if (gone) return;
    gone = reason;
    clearInterval(pings);
    for (const call of waiting.splice(0)) call.reject(reason);
    for (const listener of closeListeners) listener(reason);
    closeListeners.clear();
    messageListeners.clear();
  };
  const breakOff = (words: string): void => {
    end(new MadError('unreachable', `${url} ${words}`));
    socket.terminate();
  };

  // A peer that vanished without a word is found by its silence (half-open connections).
  const pings = setInterval(() => {
    if (!heard) return breakOff('went silent; the connection was given up.');
    heard = false;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingIntervalMs);

  const onFrame = (data: RawData): void => {
    heard = true;
    const frame = parseFrame(data);
    if (!frame) {
      breakOff('answered with something that is not a JSON object. Is it a MAD?');
    } else if (frame.type === 'message') {
      for (const listener of messageListeners) listener(frame.message);
    } else {
      const call = waiting.shift();
      if (call) call.resolve(frame);
      else log.debug({ url }, 'a reply came that nothing waited for');
    }
  };

  socket.on('message', onFrame);
  for (const event of ['ping', 'pong'] as const) {
    socket.on(event, () => {
      heard = true;
    });
  }
  socket.on('error', (error) => breakOff(`broke the connection: ${error.message}`));
  socket.on('close', (code, reason) => end(closeReason(url, code, reason.toString(), closing)));
  // It may have been closed between its opening and the lines above.
  if (socket.readyState === WebSocket.CLOSED) breakOff('closed the connection at once.');

  const call = (tool: string, input: object = {}, { signal, timeoutMs }: CallOptions = {}) => {
    signal?.throwIfAborted();
    if (gone) throw gone;
    const { promise, resolve, reject } = Promise.withResolvers<ToolReply>();
    waiting.push({ resolve, reject });
    socket.send(JSON.stringify({ tool_name: tool, tool_input: input, ...currentMeta() }));
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            reject(new MadError('timeout', `${tool} did not answer within ${timeoutMs / 1000} s.`));
          }, timeoutMs);
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
  };

  return {
    url,
    get open() {
      return gone === null;
    },
    call: async (tool, input, options) => call(tool, input, options),
    callOrThrow: async (tool, input, options) => throwErrorReply(await call(tool, input, options)),
    onMessage(listener) {
      messageListeners.add(listener);
      return () => messageListeners.delete(listener);
    },
    onClose(listener) {
      if (gone) queueMicrotask(() => listener(gone as MadError));
      else closeListeners.add(listener);
      return () => closeListeners.delete(listener);
    },
    close() {
      closing = true;
      return closeSocket(socket);
    },
  };
}

/** The running trace, where there is one, in a field that the first implementation passes over. */
function currentMeta(): { _meta?: TraceHeaders } {
  const headers = currentTraceHeaders();
  return headers.traceparent === undefined ? {} : { _meta: headers };
}

function parseFrame(data: RawData): ToolReply | null {
  try {
    const value: unknown = JSON.parse(String(data));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ToolReply) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Close codes: RFC 6455, section 7.4.1. */
function closeReason(url: string, code: number, reason: string, ours: boolean): MadError {
  if (ours) return new MadError('unreachable', `The connection to ${url} was closed here.`);
  if (code === 1009) return new MadError('payload_too_large', `${url} takes frames of at most 1 MiB.`);
  const words = reason === '' ? `code ${code}` : `${reason} (code ${code})`;
  return new MadError('unreachable', `${url} closed the connection before it answered: ${words}.`);
}

/** A closing handshake, cut short where the other side does not answer it. */
function closeSocket(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => socket.terminate(), 500);
  socket.once('close', () => {
    clearTimeout(timer);
    resolve();
  });
  socket.close(1000);
  return promise;
}
