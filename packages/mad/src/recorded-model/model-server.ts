import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MadError } from '@mad-group/protocol';
import { listenOn } from '../http/http-server.ts';
import { CompletionRequestSchema, conversationOf } from './conversation.ts';
import type { RecordedModel } from './recorded-model.ts';
import { refuse, writeAnswer } from './write-answer.ts';

/** Largest request that is read, in bytes. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

export interface ModelServerOptions {
  readonly model: RecordedModel;
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Told of each request that is refused, with the prompt that it came with. */
  readonly onUnknown: (reason: string, prompt: string) => void;
}

export interface ModelServer {
  /** For `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/**
 * Serves a recorded model over the Chat Completions API.
 *
 * @throws StartError that names the option, where it cannot listen
 */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const server = createServer((request, response) => {
    serve(request, response, options).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, error.message, null);
    });
  });
  await listenOn(server, { ...options, portKey: '--port', hostKey: '--host' });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    baseUrl: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/v1`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { model, onUnknown }: ModelServerOptions,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://recorded');
  if (request.method === 'GET' && pathname.endsWith('/models')) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ object: 'list', data: [{ id: 'recorded', object: 'model' }] }));
    return;
  }
  if (request.method !== 'POST' || !pathname.endsWith('/chat/completions')) {
    return refuse(response, 404, `there is no ${request.method} ${pathname} here`, null);
  }
  const asked = CompletionRequestSchema.safeParse(await readJson(request));
  const conversation = asked.success ? conversationOf(asked.data) : null;
  if (!asked.success || !conversation) return refuse(response, 400, 'no messages that ask anything', null);
  try {
    writeAnswer(response, model.answer(conversation), asked.data.model, asked.data.stream ?? false);
  } catch (error) {
    if (!(error instanceof MadError)) throw error;
    onUnknown(
      error.message,
      conversation.kind === 'plan' ? conversation.prompt : (conversation.prompts[0] ?? ''),
    );
    refuse(response, 404, error.message, 'not_recorded');
  }
}

/** Undefined where it is no JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
