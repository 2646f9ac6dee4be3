import { LOCAL_CALLER } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { redirectToRogers } from './redirect-rule.ts';

const context = {
  caller: LOCAL_CALLER,
  correlationId: 'c',
  taskId: 't',
  signal: new AbortController().signal,
};
const ask = (prompt: string) => redirectToRogers.answer(prompt, context);

test.each(['Is everything up?', 'Who is stale?', 'Which sender is busiest?', 'Is grace up?'])(
  '“%s” is for Rogers, and the answer says so',
  async (prompt) => {
    expect(await ask(prompt)).toContain(`Ask Rogers: mad-cli rogers_ask '{"prompt":"${prompt}"}'`);
  },
);

test('of itself Fiedler knows that it is up', async () => {
  expect(await ask('Is fiedler down?')).toMatch(/^Fiedler is up, since it is Fiedler who answers you\./);
});

test.each(['Write a poem about spring', 'What did fiedler write?', ''])(
  '“%s” is not for it',
  async (prompt) => {
    expect(await ask(prompt)).toBeNull();
  },
);
