import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedServer extends AsyncDisposable {
  readonly baseUrl: string;
  /** Bodies of the requests, parsed. */
  readonly requests: Record<string, unknown>[];
  /** Their `Authorization`. */
  readonly authorizations: (string | undefined)[];
  /** Their `traceparent`. */
  readonly traceparents: (string | undefined)[];
  /** How many requests the client gave up before their answer was complete. */
  readonly dropped: () => number;
}

type Reply = (response: ServerResponse, request: IncomingMessage) => void;

/** A model server for what aimock has no word for: each request gets the next reply, the last one for ever. */
export async function scriptedServer(...replies: Reply[]): Promise<ScriptedServer> {
  const requests: Record<string, unknown>[] = [];
  const authorizations: (string | undefined)[] = [];
  const traceparents: (string | undefined)[] = [];
  let dropped = 0;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const reply = replies[Math.min(requests.length, replies.length - 1)] as Reply;
    authorizations.push(request.headers.authorization);
    traceparents.push(request.headers.traceparent as string | undefined);
    requests.push(JSON.parse(body));
    response.on('close', () => {
      if (!response.writableFinished) dropped += 1;
    });
    reply(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    authorizations,
    traceparents,
    dropped: () => dropped,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A chunk of Chat Completions as a server-sent event. */
export const sse = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

export const DONE = 'data: [DONE]\n\n';

/** Streams these pieces and ends. */
export const streams =
  (...pieces: string[]): Reply =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) response.write(piece);
    response.end();
  };

/** Answers 200 with a document, as a server does that is no model server. */
export const serves =
  (contentType: string, text: string): Reply =>
  (response) => {
    response.writeHead(200, { 'content-type': contentType });
    response.end(text);
  };

/** Streams these pieces and then says nothing more, with the connection open. */
export const hangsAfter =
  (...pieces: string[]): Reply =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    for (const piece of pieces) response.write(piece);
  };

/** Streams these pieces and resets the connection. */
export const resetsAfter =
  (...pieces: string[]): Reply =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(pieces.join(''), () => setImmediate(() => response.socket?.resetAndDestroy()));
  };

export const answers =
  (status: number, message: string, headers: Record<string, string> = {}): Reply =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error: { message, type: 'error', code: null } }));
  };
