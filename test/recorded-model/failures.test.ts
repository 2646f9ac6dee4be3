import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import {
  answers,
  DONE,
  hangsAfter,
  scriptedServer,
  serves,
  sse,
  streams,
} from '../../packages/imperator/src/provider/scripted-server.test-support.ts';
import { recordedTask } from '../../packages/mad/src/recorded-model/recording.test-support.ts';
import { providerAt, replayed, taskOf, think } from './replay.test-support.ts';

test.each([
  ['a key that is refused', answers(401, 'no such key')],
  ['a key that may not', answers(403, 'not yours.')],
  ['a request that is refused', answers(400, 'too long: 12 > 10')],
  ['a model that is not there', answers(404, 'no model m')],
  ['too many requests', answers(429, 'slow down')],
  ['an outage', answers(503, 'overloaded')],
  ['an outage without words', serves503],
  ['an answer that is cut', streams(sse({ content: 'so far' }))],
  ['nothing', streams()],
  ['an empty answer', streams(sse({}, 'stop'), DONE)],
  ['a filter', streams(sse({ content: 'so far' }), sse({}, 'content_filter'), DONE)],
  [
    'an error in the stream',
    streams(sse({ content: 'so far' }), errorEvent('server_error', 'out of memory')),
  ],
  [
    'a limit in the stream',
    streams(sse({ content: 'so far' }), errorEvent('rate_limit_exceeded', 'slow down')),
  ],
  ['a refusal in the stream', streams(errorEvent('invalid_request_error', '400 tokens too many'))],
  ['a website', serves('text/html', '<html></html>')],
  ['silence', hangsAfter(sse({ content: 'so far' }))],
])('a failure comes again as it was: %s', async (_, reply) => {
  await using server = await scriptedServer(reply);
  const recorded = await think(providerAt(server.baseUrl, 300), 'Do it.');
  expect(recorded.error).not.toBeNull();
  const { provider } = await replayed([taskOf(recorded, 'Do it.')], 300);
  expect(await think(provider, 'Do it.')).toEqual(recorded);
});

test('a failure that waited in vain comes without how long it waited', async () => {
  const error = {
    code: 'provider_unavailable',
    message:
      'The model provider has been away for 120 s. The model provider answered with an error: 503 busy.',
    stack_trace: null,
  };
  const { provider } = await replayed([recordedTask([], { status: 'FAILED', error_details: error })]);
  expect((await think(provider, 'Do it.')).error?.message).toBe(
    'The model provider answered with an error: 503 busy.',
  );
});

test('a failure that no server can cause comes as a refusal that repeats its words', async () => {
  const error = { code: 'attempts_exhausted', message: 'It ended three times.', stack_trace: null };
  const { provider } = await replayed([recordedTask([], { status: 'FAILED', error_details: error })]);
  expect((await think(provider, 'Do it.')).error?.message).toBe(
    'The model provider refused the request: 400 the recorded task failed with attempts_exhausted: It ended three times.',
  );
});

function errorEvent(type: string, message: string): string {
  return `data: ${JSON.stringify({ error: { message, type, code: null } })}\n\n`;
}

function serves503(response: ServerResponse): void {
  response.writeHead(503);
  response.end();
}
