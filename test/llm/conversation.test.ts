import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createImperator,
  createOpenAiProvider,
  createPlanMaker,
  FIEDLER_TRIGGERS,
  type ImperatorOptions,
  type Provider,
} from '@mad-group/imperator';
import { LOCAL_CALLER, PlanSchema, silentLogger, type Thought, type Turn } from '@mad-group/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RealModel, realModel } from './real-model.ts';

let real: RealModel;
let provider: Provider;
let contextFile: string;

beforeAll(async () => {
  real = await realModel(process.env);
  provider = createOpenAiProvider({ ...real, log: silentLogger, timeoutMs: 120_000 });
  contextFile = await readFile(join(import.meta.dirname, '../../services/fiedler/IMPERATOR.md'), 'utf8');
});
afterAll(() => real?.[Symbol.asyncDispose]());

async function converse(prompt: string, history: Turn[] = [], more: Partial<ImperatorOptions> = {}) {
  const imperator = createImperator({
    contextFile,
    provider,
    tools: [],
    triggers: FIEDLER_TRIGGERS,
    planner: null,
    log: silentLogger,
    historyTokenBudget: 300,
    maxAnswerTokens: 150,
    ...more,
  });
  const thoughts: Thought[] = [];
  const times: number[] = [];
  const request = { taskId: 't', prompt, history, caller: LOCAL_CALLER, correlationId: 'c' };
  for await (const thought of imperator.think(request, AbortSignal.timeout(240_000))) {
    thoughts.push(thought);
    times.push(performance.now());
  }
  const tokens = thoughts.filter((thought) => thought.type === 'token').map(({ token }) => token);
  const answer = tokens.join('');
  console.log(`\n> ${prompt}\n${answer}\n[${tokens.length} tokens]`);
  return { thoughts, tokens, answer, spreadMs: (times.at(-1) ?? 0) - (times[0] ?? 0) };
}

test('the model answers, token by token', async () => {
  const { answer, tokens, spreadMs } = await converse('In one sentence: what is a message queue good for?');
  expect(answer.length).toBeGreaterThan(20);
  expect(tokens.length).toBeGreaterThan(5);
  // They came one after the other, not at once at the end.
  expect(spreadMs).toBeGreaterThan(50);
});

test('the smoke test of the guide', async () => {
  const { answer } = await converse('System check, please respond with OK.');
  expect(answer).toMatch(/OK/i);
});

test('earlier turns go along', async () => {
  const history = [
    { prompt: 'My name is Zebedee. Remember it.', response: 'I will remember that your name is Zebedee.' },
  ];
  const { answer } = await converse('What is my name?', history, {
    contextFile: 'You are a helpful assistant.',
  });
  expect(answer).toContain('Zebedee');
});

test('a plan comes out as valid JSON by schema, and the answer is made from it', async () => {
  const planner = createPlanMaker({ provider, log: silentLogger, timeoutMs: 240_000, maxTokens: 500 });
  const { thoughts, answer } = await converse('Design a workflow for code review.', [], {
    planner,
    contextFile: 'You are a helpful assistant.',
  });
  const [first] = thoughts;
  console.log(JSON.stringify(first));
  expect(first?.type).toBe('plan');
  if (first?.type !== 'plan') return;
  if (first.plan) expect(() => PlanSchema.parse(first.plan)).not.toThrow();
  // A very small model may fail to number its steps twice over; then the answer says so.
  else expect(answer).toMatch(/^\(Sequential Thinking .* without a plan\.\)/);
  expect(answer.length).toBeGreaterThan(20);
});

test('a cancel ends the answer, and the server is free for the next', async () => {
  const cancel = new AbortController();
  const events = provider.stream({
    messages: [{ role: 'user', content: 'Count from 1 to 1000, one number a line.' }],
    tools: [],
    signal: cancel.signal,
    correlationId: 'c',
    maxTokens: 1000,
  });
  let seen = 0;
  const reading = (async () => {
    for await (const _ of events) {
      seen += 1;
      if (seen === 5) cancel.abort(new Error('cancelled'));
    }
  })();
  await expect(reading).rejects.toThrow('cancelled');
  expect(seen).toBe(5);
  await converse('Say hello.');
});
