import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the stub answers: these tokens, the first at once, then one each so many milliseconds. */
export interface StubAnswer {
  readonly tokens: readonly string[];
  readonly delayMs: number;
  /** Refuses with this status of HTTP instead. */
  readonly refuse?: number | undefined;
  /** Answers nothing, ever. */
  readonly silent?: boolean | undefined;
}

/** What each complete answer says that it took, where that is asked for. */
export const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 60 },
};

interface ChatRequest {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream_options?: { readonly include_usage?: boolean };
}

/** A request as the provider saw it. Times are of `performance.now()`. */
interface StubRequest {
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
 *
 * @param answer is also told how often the same prompt came before
 */
export async function startStreamingStub(
  answer: (prompt: string, earlier: number) => StubAnswer,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<StreamingStub> {
  const requests: StubRequest[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { messages, stream_options: options } = JSON.parse(body) as ChatRequest;
    const prompt = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const earlier = requests.filter((other) => other.prompt === prompt).length;
    const usage = options?.include_usage ? USAGE : undefined;
    const seen: StubRequest = { prompt, tokensSent: 0, outcome: 'streaming', endedMs: null };
    requests.push(seen);
    response.on('close', () => {
      seen.outcome = response.writableFinished ? 'complete' : 'dropped';
      seen.endedMs = performance.now();
    });
    await stream(response, seen, { usage, ...answer(prompt, earlier) });
  });
  server.listen(port, host);
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
  { tokens, delayMs, refuse, silent, usage }: StubAnswer & { readonly usage?: object | undefined },
): Promise<void> {
  if (refuse !== undefined) {
    response.writeHead(refuse, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'refused on purpose', type: 'error', code: null } }));
    return;
  }
  if (silent) return;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  for (const [index, token] of tokens.entries()) {
    if (index > 0 && delayMs > 0) await pause(delayMs, gone.signal);
    if (response.destroyed) return;
    response.write(chunk({ content: token }, null));
    seen.tokensSent += 1;
  }
  const last = usage ? `data: ${JSON.stringify({ choices: [], usage })}\n\n` : '';
  response.end(`${chunk({}, 'stop')}${last}data: [DONE]\n\n`);
}

/** Resolves after so long, or when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

const chunk = (delta: object, finish_reason: string | null): string =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

/** So many tokens that no other prompt has: what is mixed up or missing shows. */
export const tokensOf = (prompt: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${index === 0 ? '' : ' '}${prompt}#${index}`);
