// A model that speaks Chat Completions and streams so many tokens, one each so many milliseconds. Each
// token is the time at which it was sent, the first one also that at which the request had come.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

const chunk = (delta: object, finish_reason: string | null): string =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const [BEFORE, BEHIND] = chunk({ content: '#' }, null).split('#') as [string, string];
const END = `${chunk({}, 'stop')}data: [DONE]\n\n`;
const token = (text: string): string => BEFORE + text + BEHIND;

function stream(response: ServerResponse, tokens: number, delayMs: number): void {
  const cameMs = sharedNowMs();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const first = (): string => token(`${cameMs}:${sharedNowMs()}`);
  if (delayMs === 0) {
    const rest = Array.from({ length: tokens - 1 }, (_, index) => token(` ${index}`));
    response.end([first(), ...rest, END].join(''));
    return;
  }
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    response.write(sent === 1 ? first() : token(` ${sharedNowMs()}`));
    if (sent < tokens) return;
    clearInterval(timer);
    response.end(END);
  }, delayMs);
  response.on('close', () => clearInterval(timer));
}

serveDuties({
  async listen({ tokens, delayMs }: { tokens: number; delayMs: number }): Promise<string> {
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => stream(response, tokens, delayMs));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  },
});
