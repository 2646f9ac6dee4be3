import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request asks: the newest prompt, and what the tools gave since. */
export interface ModelQuestion {
  readonly prompt: string;
  /** Rounds of tool calls so far. */
  readonly round: number;
  /** What the tools gave in the round before. */
  readonly results: readonly string[];
  readonly isPlan: boolean;
  /** How many turns came before in the conversation. */
  readonly turns: number;
}

export interface ModelSaying {
  readonly text?: readonly string[];
  readonly calls?: readonly { readonly name: string; readonly arguments: object }[];
  /** Refuses with this status of HTTP. */
  readonly refuse?: { readonly status: number; readonly message: string };
  /** Says its text and then nothing more. */
  readonly hangs?: boolean;
}

export interface TalkingModel {
  /** For `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  /** Everything that was asked. */
  readonly asked: readonly ModelQuestion[];
  stop(): Promise<void>;
}

interface Message {
  readonly role: string;
  readonly content: string | null;
}

/** A model server that speaks Chat Completions, calls tools and makes plans, as `say` decides. */
export async function startTalkingModel(
  say: (question: ModelQuestion) => ModelSaying,
): Promise<TalkingModel> {
  const asked: ModelQuestion[] = [];
  let calls = 0;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const { messages, response_format: format } = JSON.parse(body) as {
      messages: Message[];
      response_format?: object;
    };
    const question = questionOf(messages, format !== undefined);
    asked.push(question);
    const { text = [], calls: wanted = [], refuse, hangs = false } = say(question);
    if (refuse) {
      response.writeHead(refuse.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: refuse.message, type: 'error', code: null } }));
      return;
    }
    const chunk = (delta: object, finish: string | null = null): void =>
      void response.write(
        `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
      );
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    for (const content of text) chunk({ content });
    if (hangs) return;
    const made = wanted.map(({ name, arguments: input }, index) => {
      calls += 1;
      return {
        index,
        id: `call_${calls}`,
        type: 'function',
        function: { name, arguments: JSON.stringify(input) },
      };
    });
    if (made.length > 0) chunk({ tool_calls: made });
    chunk({}, made.length > 0 ? 'tool_calls' : 'stop');
    response.end('data: [DONE]\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function questionOf(messages: readonly Message[], isPlan: boolean): ModelQuestion {
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const since = messages.slice(last + 1);
  const round = since.findLastIndex(({ role }) => role === 'assistant');
  return {
    prompt: messages[last]?.content ?? '',
    round: since.filter(({ role }) => role === 'assistant').length,
    results: since.slice(round + 1).map(({ content }) => content ?? ''),
    isPlan,
    turns: messages.slice(0, last).filter(({ role }) => role === 'user').length,
  };
}
