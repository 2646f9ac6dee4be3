import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StageModel {
  /** For `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  /** Lets out the rest of every answer that is held. */
  release(): void;
  stop(): Promise<void>;
}

interface Message {
  readonly role: string;
  readonly content: string;
}

export const PLAN = [
  ['Look at the present database', 'Write down its size, its version and who uses it.'],
  ['Copy it while it is in use', 'Let a replica follow until it has caught up.'],
  ['Switch over', 'Stop writes for a moment, and point the services to the new place.'],
  ['Check the result', 'Compare the counts of both, and keep the old one for a week.'],
].map(([title, description], index) => ({ step_number: index + 1, title, description }));

export const ANSWER =
  'Move it in four steps, and keep the old one until the new one has served a week. ' +
  'The copy takes the longest; the switch itself is a matter of seconds.';
/** Words that come before a slow answer waits to be released. */
export const HELD_WORDS = 5;

/**
 * A model that says the same to everyone, word by word. About tasks, databases and who is connected
 * it calls a tool first; where it is asked to speak slowly it stops after some words until it is
 * released; a plan is asked for as JSON.
 */
export async function startStageModel(): Promise<StageModel> {
  let held = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { messages, stream } = JSON.parse(body) as { messages: Message[]; stream?: boolean };
    const prompt = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const wantsPlan = messages[0]?.content.startsWith('You plan.') ?? false;
    if (wantsPlan) return answerPlan(response, stream === true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const tool = TOOLS.find(({ of }) => of.test(prompt));
    if (tool && messages.at(-1)?.role !== 'tool') return callTool(response, tool);
    const words = ANSWER.match(/\S+\s*/g) ?? [];
    for (const [index, word] of words.entries()) {
      if (index === HELD_WORDS && prompt.includes('slowly')) await held.promise;
      if (response.destroyed) return;
      response.write(chunkOf({ content: word }, null));
    }
    end(response, 'stop');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    release() {
      held.resolve();
      held = Promise.withResolvers();
    },
    async stop() {
      held.resolve();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answerPlan(response: ServerResponse, streams: boolean): void {
  const content = JSON.stringify({ plan: PLAN });
  if (streams) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunkOf({ content }, null));
    end(response, 'stop');
    return;
  }
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ object: 'chat.completion', choices }));
}

/** Tools that it calls first, by what the prompt is of. */
const TOOLS = [
  { of: /tasks|database/, call: { name: 'list_recent_tasks', arguments: '{"limit":2}' } },
  { of: /connected/, call: { name: 'rogers_get_connections', arguments: '{}' } },
];

function callTool(response: ServerResponse, { call }: (typeof TOOLS)[number]): void {
  response.write(
    chunkOf({ tool_calls: [{ index: 0, id: 'call-1', type: 'function', function: call }] }, null),
  );
  end(response, 'tool_calls');
}

const end = (response: ServerResponse, reason: string): void =>
  void response.end(`${chunkOf({}, reason)}data: [DONE]\n\n`);

const chunkOf = (delta: object, finish_reason: string | null): string =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
