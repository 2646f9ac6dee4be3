import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import type { ConsoleFrame } from '@mad-group/protocol';

/** A client that takes nothing for so long is gone, in milliseconds. */
const STUCK_MS = 30_000;

/** A response of JSON lines that goes on while its client reads. */
export interface LineWriter {
  /** Aborts when the client is gone, or when the MAD stops. */
  readonly signal: AbortSignal;
  /**
   * Resolves when the client has room for more: who reads slowly is read for slowly, and loses nothing.
   *
   * @throws the signal's reason where the client went away meanwhile
   */
  write(frames: readonly ConsoleFrame[]): Promise<void>;
  /** Ends the response, with these as its last lines. */
  end(frames?: readonly ConsoleFrame[]): void;
}

export function openLines(
  request: IncomingMessage,
  response: ServerResponse,
  stopping: AbortSignal,
): LineWriter {
  const gone = new AbortController();
  const { signal } = gone;
  const onStop = (): void => gone.abort(stopping.reason);
  stopping.addEventListener('abort', onStop, { once: true });
  response.once('close', () => {
    stopping.removeEventListener('abort', onStop);
    gone.abort(new Error('The client went away.'));
  });
  const packs = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  response.writeHead(200, {
    'content-type': 'application/x-ndjson',
    'cache-control': 'no-store',
    vary: 'accept-encoding',
    ...(packs ? { 'content-encoding': 'gzip' } : {}),
    // A proxy that gathers what it passes on would make a live picture a late one.
    'x-accel-buffering': 'no',
  });
  request.socket.setNoDelay(true);
  response.flushHeaders();
  const sink = packs ? packInto(response) : response;

  return {
    signal,
    async write(frames) {
      signal.throwIfAborted();
      if (frames.length === 0 || sink.write(toLines(frames))) return;
      const timer = setTimeout(() => response.destroy(), STUCK_MS);
      try {
        await once(sink, 'drain', { signal });
      } finally {
        clearTimeout(timer);
      }
    },
    end: (frames = []) => void (sink.writableEnded || sink.end(toLines(frames))),
  };
}

/** Lines of JSON are packed to a tenth; each write goes out at once all the same. */
function packInto(response: ServerResponse): Writable {
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  gzip.pipe(response);
  response.once('close', () => gzip.destroy());
  return gzip;
}

const toLines = (frames: readonly ConsoleFrame[]): string =>
  frames.map((frame) => `${JSON.stringify(frame)}\n`).join('');
