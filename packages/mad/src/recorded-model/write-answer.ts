import type { ServerResponse } from 'node:http';
import type { ModelAnswer } from './recorded-model.ts';

/** How often a stream that stays open shows that it lives, in milliseconds. */
const LIFE_MS = 10_000;

/**
 * An answer as the Chat Completions API gives it: a stream of server-sent events, or one document.
 * An answer that never ended stays open until its reader goes away.
 */
export function writeAnswer(
  response: ServerResponse,
  answer: ModelAnswer,
  model: string,
  streams: boolean,
): void {
  const { end } = answer;
  if (end.kind === 'refused') refuse(response, end.status, end.message, end.code);
  else if (end.kind === 'page') {
    response.writeHead(200, { 'content-type': end.contentType });
    response.end('recorded');
  } else if (streams) writeStream(response, answer, model);
  else writeDocument(response, answer, model);
}

/** A refusal in the API's own shape. Where waiting could help a client, it is told not to. */
export function refuse(response: ServerResponse, status: number, message: string, code: string | null): void {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '86400' });
  response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code } }));
}

function writeStream(response: ServerResponse, { pieces, calls, end }: ModelAnswer, model: string): void {
  const send = (event: object): void => void response.write(`data: ${JSON.stringify(event)}\n\n`);
  const chunk = (delta: object, finish: string | null = null): void =>
    send({
      ...common('chat.completion.chunk', model),
      choices: [{ index: 0, delta, finish_reason: finish }],
    });

  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.flushHeaders();
  for (const piece of pieces) chunk({ role: 'assistant', content: piece });
  if (calls.length > 0) {
    chunk({ role: 'assistant', tool_calls: calls.map((call, index) => ({ index, ...toolCall(call) })) });
  }
  switch (end.kind) {
    case 'complete':
    case 'filtered':
      chunk({}, finishOf(calls.length, end.kind));
      response.end('data: [DONE]\n\n');
      return;
    case 'error':
      send({ error: { message: end.message, type: end.type, param: null, code: null } });
      response.end();
      return;
    case 'cut':
      response.end();
      return;
    case 'reset':
      // Behind what was written, not in its place.
      response.write('', () => response.destroy());
      return;
    case 'open': {
      const timer = setInterval(() => chunk({}), LIFE_MS);
      response.on('close', () => clearInterval(timer));
    }
  }
}

function writeDocument(response: ServerResponse, { pieces, calls, end }: ModelAnswer, model: string): void {
  if (end.kind === 'error') refuse(response, 500, end.message, null);
  else if (end.kind === 'cut' || end.kind === 'reset') response.destroy();
  // Else it never came.
  if (end.kind !== 'complete' && end.kind !== 'filtered') return;
  const message = {
    role: 'assistant',
    content: pieces.join('') || null,
    ...(calls.length > 0 ? { tool_calls: calls.map(toolCall) } : {}),
  };
  const choices = [{ index: 0, message, finish_reason: finishOf(calls.length, end.kind) }];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ ...common('chat.completion', model), choices }));
}

const common = (object: string, model: string) => ({
  id: 'chatcmpl-recorded',
  object,
  created: Math.floor(Date.now() / 1000),
  model,
});

const toolCall = ({ id, name, arguments: input }: ModelAnswer['calls'][number]) => ({
  id,
  type: 'function',
  function: { name, arguments: input },
});

function finishOf(calls: number, kind: 'complete' | 'filtered'): string {
  if (kind === 'filtered') return 'content_filter';
  return calls > 0 ? 'tool_calls' : 'stop';
}
