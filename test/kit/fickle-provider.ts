import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * `up`: answers. `failing`: 503, as an overloaded gateway gives. `silent`: takes the request and
 * never answers. `gone`: refuses connections.
 */
export type ProviderMood = 'up' | 'failing' | 'silent' | 'gone';

export interface FickleProvider {
  /** For `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  /** Requests so far; a connection that is refused is none. */
  requests(): number;
  /** Connections so far that came while it was `gone`. */
  refused(): number;
  /** Answers under way. */
  streaming(): number;
  become(mood: ProviderMood): Promise<void>;
  /** Answers stop behind their first token, until what this returns is called. */
  hold(): () => void;
  stop(): Promise<void>;
}

/**
 * A model server that speaks Chat Completions and can go away and come back at the same address. It
 * keeps nothing of what it was asked, so that it serves for days.
 */
export async function startFickleProvider(options: {
  readonly tokens: number;
  /** Before each token, in milliseconds. */
  readonly delayMs: number;
}): Promise<FickleProvider> {
  let mood: ProviderMood = 'up';
  let requests = 0;
  let refused = 0;
  let streaming = 0;
  let released = Promise.resolve();
  const server = createServer((request, response) => {
    requests += 1;
    void serve(request, response);
  });
  server.on('connection', (socket) => {
    if (mood !== 'gone') return;
    refused += 1;
    socket.resetAndDestroy();
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    if (mood === 'silent') return;
    if (mood === 'failing') {
      response.writeHead(503, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'the model is overloaded', type: 'server_error' } }));
      return;
    }
    streaming += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let index = 0; index < options.tokens && !response.destroyed; index += 1) {
      if (options.delayMs > 0) await delay(options.delayMs);
      response.write(chunk({ content: `word${index} ` }, null));
      await released;
    }
    response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
    streaming -= 1;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: () => requests,
    refused: () => refused,
    streaming: () => streaming,
    async become(next) {
      mood = next;
      // What is open is cut: who is gone answers nothing more, and who is back must be asked anew.
      server.closeAllConnections();
    },
    hold() {
      const gate = Promise.withResolvers<void>();
      released = gate.promise;
      return gate.resolve;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const chunk = (delta: object, finish_reason: string | null): string =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
