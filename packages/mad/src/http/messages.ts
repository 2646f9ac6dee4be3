import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorReply } from '@mad-group/protocol';

/** The path that a request asks for. `URL` would throw on some of what a client may send. */
export const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0] as string;

export function replyJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Refuses an upgrade: a whole HTTP response on the bare socket, then its end. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  body: ErrorReply,
  headers: Record<string, string> = {},
): void {
  const text = `${JSON.stringify(body)}\n`;
  const lines = Object.entries({
    connection: 'close',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  // A client that keeps its own half open must not keep the server from closing.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`);
}
