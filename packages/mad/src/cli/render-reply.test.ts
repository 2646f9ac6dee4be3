import { expect, test } from 'vitest';
import { fakeIo } from './fake-io.test-support.ts';
import { renderReply } from './render-reply.ts';

const ANSWER = {
  status: 'success',
  task_id: 't-1',
  task_status: 'COMPLETED',
  response: 'Two\nlines.\u001b[2J',
  conversation_id: 'c-1',
};
const PLAN = {
  status: 'success',
  result: { plan: [{ step_number: 1, title: 'Knead', description: 'Knead the dough.' }] },
};
const terminal = fakeIo({ isTTY: true, env: { NO_COLOR: '1' } });

test('an answer is words on a terminal, and cannot move its cursor', async () => {
  expect(await renderReply('fiedler_ask', ANSWER, false, terminal)).toBe(
    'Two\nlines.[2J\n\ntask t-1, conversation c-1\n',
  );
});

test('a plan is numbered steps on a terminal', async () => {
  expect(await renderReply('perform_sequential_thinking', PLAN, false, terminal)).toBe(
    '1. Knead\n   Knead the dough.\n',
  );
});

test('in a pipe, with --json, and when the tool said no, it is the document', async () => {
  const document = `${JSON.stringify(ANSWER, null, 2)}\n`;
  expect(await renderReply('fiedler_ask', ANSWER, false, fakeIo())).toBe(document);
  expect(await renderReply('fiedler_ask', ANSWER, true, terminal)).toBe(document);
  const refused = { status: 'error', message: 'No.', code: 'not_found' };
  expect(JSON.parse(await renderReply('fiedler_ask', refused, false, terminal))).toEqual(refused);
});
