import { expect, test } from 'vitest';
import { call, recordedTask, token } from '../../packages/mad/src/recorded-model/recording.test-support.ts';
import { replayed } from './replay.test-support.ts';

const post = (baseUrl: string, body: string) =>
  fetch(`${baseUrl}/chat/completions`, { method: 'POST', body });

test('answers as one document where nobody asks for a stream', async () => {
  const { baseUrl } = await replayed([recordedTask([token('a'), token('b'), call('look', { n: 1 })])]);
  const messages = [{ role: 'user', content: [{ type: 'text', text: 'Do it.' }] }];
  const reply = await post(baseUrl, JSON.stringify({ model: 'm', messages }));
  expect(await reply.json()).toMatchObject({
    object: 'chat.completion',
    model: 'm',
    choices: [
      {
        message: {
          role: 'assistant',
          content: 'ab',
          tool_calls: [{ id: 'recorded_0_0_0', function: { name: 'look', arguments: '{"n":1}' } }],
        },
        finish_reason: 'tool_calls',
      },
    ],
  });
});

test.each([
  ['no JSON', '{', 400],
  ['no request', '{"a":1}', 400],
  ['no question', '{"messages":[{"role":"system","content":"x"}]}', 400],
  ['an unknown one', '{"messages":[{"role":"user","content":"x"}]}', 404],
])('refuses %s', async (_, body, status) => {
  const { baseUrl } = await replayed([]);
  const reply = await post(baseUrl, body);
  expect(reply.status).toBe(status);
  expect(await reply.json()).toMatchObject({ error: { message: expect.any(String) } });
});

test('has a model, and nothing beside its two addresses', async () => {
  const { baseUrl } = await replayed([]);
  expect(await (await fetch(`${baseUrl}/models`)).json()).toMatchObject({ data: [{ id: 'recorded' }] });
  expect((await fetch(`${baseUrl}/embeddings`, { method: 'POST' })).status).toBe(404);
});
