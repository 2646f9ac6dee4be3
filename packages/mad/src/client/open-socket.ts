import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { type ErrorCode, MadError } from '@mad-group/protocol';
import { currentTraceHeaders } from '@mad-group/protocol/tracing';
import { WebSocket } from 'ws';

/** Largest reply that is taken, in bytes. A page of 10,000 events may be large. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;
/** How much of a refusal's body is read for its words. */
const MAX_REFUSAL_BYTES = 8 * 1024;

export interface OpenOptions {
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string | null | undefined;
  readonly connectTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a WebSocket.
 *
 * @throws MadError `unauthenticated` or `forbidden` with the server's words where it refuses the
 *   caller, `unreachable` for everything else; the signal's reason where it aborts.
 */
export function openSocket(url: string, options: OpenOptions): Promise<WebSocket> {
  options.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const { token } = options;
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, {
      maxPayload: MAX_REPLY_BYTES,
      perMessageDeflate: false,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...currentTraceHeaders() },
    });
  } catch (error) {
    throw new MadError('unreachable', `'${url}' is no address of a MAD: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const fail = (error: unknown): void => {
    reject(error);
    socket.terminate();
  };
  const timer = setTimeout(() => {
    const seconds = options.connectTimeoutMs / 1000;
    fail(new MadError('unreachable', `${url} did not answer within ${seconds} s.`));
  }, options.connectTimeoutMs);
  const onAbort = (): void => fail(options.signal?.reason);
  options.signal?.addEventListener('abort', onAbort, { once: true });

  socket.on('error', (error) => reject(new MadError('unreachable', explain(url, error), { cause: error })));
  socket.on('unexpected-response', (_request, response) => {
    readRefusal(url, response).then(fail, fail);
  });
  socket.once('open', () => resolve(socket));

  return promise.finally(() => {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused (is it running?)',
  ENOTFOUND: 'no host has this name',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  ECONNRESET: 'the connection was reset (is this a MAD’s port?)',
  EHOSTUNREACH: 'no route to this host',
  ENETUNREACH: 'no network to this host',
  ETIMEDOUT: 'no answer from this host',
};

function explain(url: string, error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return `${url} cannot be reached: ${REASONS[code] ?? (error.message || code || 'unknown reason')}.`;
}

/** An HTTP answer in place of the upgrade, as the error that it stands for. */
async function readRefusal(url: string, response: IncomingMessage): Promise<MadError> {
  const status = response.statusCode ?? 0;
  const words = wordsOf(await readStart(response)) ?? STATUS_CODES[status] ?? 'no reason given';
  const codes: Readonly<Record<number, ErrorCode>> = { 401: 'unauthenticated', 403: 'forbidden' };
  const code = codes[status];
  if (code) return new MadError(code, words);
  return new MadError('unreachable', `${url} answered HTTP ${status} in place of a WebSocket: ${words}`);
}

async function readStart(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let body = '';
  try {
    for await (const chunk of response) {
      body += chunk;
      if (body.length >= MAX_REFUSAL_BYTES) break;
    }
  } catch (error) {
    // The status alone says what matters; the words are cut where the connection broke.
    return error instanceof Error ? body : '';
  }
  return body;
}

/** The words of a refusal: the `message` of a JSON body, or a body of plain text. */
function wordsOf(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) {
      const { message, error } = parsed as { message?: unknown; error?: unknown };
      if (typeof message === 'string') return message;
      if (typeof error === 'string') return error;
      const nested = (error as { message?: unknown } | null | undefined)?.message;
      if (typeof nested === 'string') return nested;
    }
    return null;
  } catch {
    const plain = body.trim();
    return plain === '' || plain.startsWith('<') ? null : plain.slice(0, 500);
  }
}
