import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type Caller, type ClientConnection, MadError, toErrorReply } from '@mad-group/protocol';
import { nearestTrace, type TraceHeaders, traceHeadersOf } from '@mad-group/protocol/tracing';
import type { RawData, WebSocket } from 'ws';
import type { Dispatcher } from '../dispatch.ts';
import type { WebSocketLimits } from './limits.ts';
import { orderedReplies } from './ordered-replies.ts';
import { parseRequest } from './parse-request.ts';

/** Why a MAD ends a connection by itself. */
export const CLOSE_REASONS = ['slow_reader', 'keepalive', 'unauthenticated'] as const;

export interface ConnectionOptions {
  readonly socket: WebSocket;
  /** What carries the WebSocket. */
  readonly stream: Pick<Duplex, 'cork' | 'uncork'>;
  /** Asked again for each request, so that a token that was taken away opens nothing more. */
  readonly authenticate: () => Caller;
  readonly dispatcher: Dispatcher;
  /** The trace that came with the upgrade, for requests that bring none of their own. */
  readonly trace: TraceHeaders;
  readonly limits: WebSocketLimits;
  /** Aborts when the MAD stops. */
  readonly signal: AbortSignal;
  readonly onClosedByUs: (reason: (typeof CLOSE_REASONS)[number]) => void;
}

export interface Connection {
  /** Asks for a sign of life, and ends the connection where the last one is missing. */
  checkAlive(): void;
  /** Closes once the replies under way are out, or after `graceMs`. */
  shutDown(graceMs: number): Promise<void>;
}

/**
 * One client's WebSocket. Requests begin in the order in which they came and run at once, up to a
 * bound; replies leave in that same order. One at a time would be simpler, but then a
 * `fiedler_cancel_task` behind a `fiedler_ask` would wait for the very answer that it should end.
 */
export function serveConnection(options: ConnectionOptions): Connection {
  const { socket, stream, limits } = options;
  const gone = new AbortController();
  const signals = [gone.signal, options.signal];
  const waiting: Buffer[] = [];
  const replies = orderedReplies(send);
  const drained = new Set<() => void>();
  const ended = Promise.withResolvers<void>();
  let alive = true;
  let gathering = false;
  let bufferedAtLastCheck = 0;

  function send(frame: string): boolean {
    if (socket.readyState !== socket.OPEN) return false;
    // Looked at before the frame is added: one large reply to a client that reads is no offence.
    if (socket.bufferedAmount > limits.maxBufferedBytes) {
      options.onClosedByUs('slow_reader');
      close(1013, 'You do not read what you are sent.');
      return false;
    }
    gather();
    socket.send(frame, pump);
    return true;
  }

  /**
   * Frames that are ready in one turn leave in one write: one reply of the bus settles many calls,
   * and a write each would cost more than all else.
   */
  function gather(): void {
    if (gathering) return;
    gathering = true;
    stream.cork();
    process.nextTick(() => {
      gathering = false;
      stream.uncork();
    });
  }

  function close(code: number, reason: string): void {
    if (socket.readyState !== socket.OPEN) return;
    socket.close(code, reason);
    // A client that does not read never answers the closing handshake.
    const timer = setTimeout(() => socket.terminate(), limits.closeTimeoutMs);
    void ended.promise.then(() => clearTimeout(timer));
  }

  /** Begins what may begin, and reads the socket only while nothing has to wait. */
  function pump(): void {
    while (
      waiting.length > 0 &&
      replies.size < limits.maxPending &&
      socket.bufferedAmount <= limits.highWaterBytes
    ) {
      void answer(waiting.shift() as Buffer);
    }
    if (waiting.length > 0) socket.pause();
    else if (socket.isPaused) socket.resume();
    if (replies.size === 0) for (const listener of drained) listener();
  }

  async function answer(data: Buffer): Promise<void> {
    const reply = replies.take();
    reply(await replyTo(data));
    pump();
  }

  async function replyTo(data: Buffer): Promise<string> {
    try {
      const { meta, ...request } = parseRequest(data);
      const caller = options.authenticate();
      const trace = nearestTrace(traceHeadersOf(meta), options.trace);
      const call = { surface: 'websocket' as const, caller, signals, connection, trace, ...request };
      // Here, so that an answer that cannot be written as JSON is an error like any other.
      return JSON.stringify((await options.dispatcher.call(call)).reply);
    } catch (error) {
      if (error instanceof MadError && error.code === 'unauthenticated') {
        options.onClosedByUs('unauthenticated');
        // After the reply: the client should read why.
        setImmediate(close, 1008, 'The token is not known any more.');
      }
      return JSON.stringify(toErrorReply(error));
    }
  }

  const connection: ClientConnection = {
    id: randomUUID(),
    send: (frame) => send(JSON.stringify(frame)),
    sendText: send,
    bufferedBytes: () => socket.bufferedAmount,
    close,
    onClose(listener) {
      if (gone.signal.aborted) listener();
      else gone.signal.addEventListener('abort', () => listener(), { once: true });
    },
  };

  socket.on('message', (data: RawData) => {
    alive = true;
    waiting.push(data as Buffer);
    pump();
  });
  socket.on('pong', () => {
    alive = true;
  });
  socket.on('close', () => {
    waiting.length = 0;
    gone.abort(new Error('The client went away.'));
    ended.resolve();
  });
  // Bad frames, too large ones and resets end this connection; ws closes it with the right code.
  socket.on('error', () => socket.readyState === socket.OPEN && socket.terminate());

  return {
    checkAlive() {
      const buffered = socket.bufferedAmount;
      // A paused socket hears no pong; it is stuck only where nothing of what waits was taken.
      const stuck = buffered > 0 && buffered >= bufferedAtLastCheck && bufferedAtLastCheck > 0;
      bufferedAtLastCheck = buffered;
      if (socket.isPaused ? stuck : !alive) {
        options.onClosedByUs('keepalive');
        socket.terminate();
        return;
      }
      alive = socket.isPaused;
      if (socket.readyState === socket.OPEN) socket.ping();
    },
    async shutDown(graceMs) {
      waiting.length = 0;
      if (replies.size > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, graceMs);
          drained.add(() => {
            clearTimeout(timer);
            resolve();
          });
          ended.promise.then(resolve);
        });
      }
      // The client's half of the closing handshake has to be read.
      if (socket.isPaused) socket.resume();
      close(1001, 'This MAD is stopping.');
      const timer = setTimeout(() => socket.terminate(), graceMs);
      await ended.promise;
      clearTimeout(timer);
    },
  };
}
