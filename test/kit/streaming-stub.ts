import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What the stub answers: these tokens, one each so many milliseconds. */
export interface StubAnswer {
  readonly tokens: readonly string[];
  readonly delayMs: number;
}

/** A request as the provider saw it. Times are of `performance.now()`. */
export interface StubRequest {
  readonly prompt: string;
  tokensSent: number;
  /** `dropped`: the client went away before the answer was complete. */
  outcome: 'streaming' | 'complete' | 'dropped';
  endedMs: number | null;
}

export interface StreamingStub {
  /** For `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  /** All requests in the order in which they came. */
  readonly requests: readonly StubRequest[];
  stop(): Promise<void>;
}

/**
 * A model server that speaks Chat Completions and streams what `answer` gives for the newest prompt,
 * token by token: for faults that need to know exactly what was sent and when the client left.
 */
export async function startStreamingStub(answer: (prompt: string) => StubAnswer): Promise<StreamingStub> {
  const requests: StubRequest[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] };
    const prompt = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const seen: StubRequest = { prompt, tokensSent: 0, outcome: 'streaming', endedMs: null };
    requests.push(seen);
    response.on('close', () => {
      seen.outcome = response.writableFinished ? 'complete' : 'dropped';
      seen.endedMs = performance.now();
    });
    await stream(response, seen, answer(prompt));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function stream(
  response: ServerResponse,
  seen: StubRequest,
  { tokens, delayMs }: StubAnswer,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const token of tokens) {
    if (delayMs > 0) await delay(delayMs);
    if (response.destroyed) return;
    response.write(chunk({ content: token }, null));
    seen.tokensSent += 1;
  }
  response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
}

const chunk = (delta: object, finish_reason: string | null): string =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

/** So many tokens that no other prompt has: what is mixed up or missing shows. */
export const tokensOf = (prompt: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${index === 0 ? '' : ' '}${prompt}#${index}`);
