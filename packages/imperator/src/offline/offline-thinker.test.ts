import { LOCAL_CALLER, MadError, type Planner, type Thought } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { offlinePlan } from '../offline-plan.ts';
import { FIEDLER_TRIGGERS } from '../triggers.ts';
import { createOfflineThinker, type OfflineThinkerOptions, words } from './offline-thinker.ts';
import { redirectToRogers } from './redirect-rule.ts';
import { rogersRules } from './rogers-rules.ts';
import { taskRules } from './task-rules.ts';

const rules = [
  ...rogersRules({
    connections: () => [],
    stats: () => [],
    busConnected: () => true,
    clock: { now: () => 0 },
  }),
  ...taskRules({ get: () => null, list: () => [] }),
  redirectToRogers,
];
const planner: Planner = {
  plan: async () => ({ plan: [{ step_number: 1, title: 'Build', description: 'Build it.' }] }),
};

async function think(
  prompt: string,
  options: Partial<OfflineThinkerOptions> = {},
  signal = new AbortController().signal,
): Promise<{ thoughts: Thought[]; answer: string }> {
  const thinker = createOfflineThinker({ madId: 'fiedler', rules, wordDelayMs: 0, ...options });
  const request = { taskId: 't', prompt, history: [], caller: LOCAL_CALLER, correlationId: 'c' };
  const thoughts: Thought[] = [];
  for await (const thought of thinker.think(request, signal)) thoughts.push(thought);
  const answer = thoughts.map((thought) => (thought.type === 'token' ? thought.token : '')).join('');
  return { thoughts, answer };
}

const NO_MODEL = /No model is configured.*Set OPENAI_API_KEY=….*OPENAI_BASE_URL=…/s;

test('repeats what a smoke test asks for, before any rule, and says that no model is configured', async () => {
  const { answer } = await think('System check, please respond with OK.');
  expect(answer).toMatch(/^OK\n\n/);
  expect(answer).toMatch(NO_MODEL);
});

test.each([
  ['Is the bus up? Please respond with OK.', /^The bus is up/],
  ['Please respond with OK. Is the bus up?', /^The bus is up/],
  ['Are you there? Please respond with OK.', /^OK\n/],
  ['Health check: respond with OK', /^OK\n/],
  ['Reply with yes or no.', /this is not among it/],
  ['do not respond with OK', /this is not among it/],
  ['rogers_get_stats(24)', /^0 messages in the last 24 clock hours/],
  ['list_recent_tasks(2)', /^There is no task that you may see/],
])('“%s”: a question beside the words to repeat comes first', async (prompt, answer) => {
  expect((await think(prompt)).answer).toMatch(answer);
});

test('streams its answer in words', async () => {
  const { thoughts } = await think('Is everything up?');
  expect(thoughts.length).toBeGreaterThan(10);
  expect(thoughts[0]).toEqual({ type: 'token', token: 'No' });
  expect(thoughts[1]).toEqual({ type: 'token', token: ' MAD' });
});

test('words put together are the text', () => {
  for (const text of ['', ' ', 'a', ' a  b\n\nc ', '\nx\n']) expect(words(text).join('')).toBe(text);
});

test('says what can be asked where no rule knows an answer', async () => {
  const { answer } = await think('Write a poem about spring.');
  expect(answer).toContain('I am fiedler. No model is configured');
  for (const rule of rules) expect(answer).toContain(`- ${rule.describe}`);
  expect(answer).toMatch(NO_MODEL);
});

test('each example that it names is answered by a rule', async () => {
  for (const rule of rules) {
    const { answer } = await think(rule.describe);
    expect(answer, rule.describe).not.toContain('this is not among it');
  }
});

describe('a trigger phrase', () => {
  test('gives a plan', async () => {
    const { thoughts, answer } = await think('Please DESIGN A WORKFLOW for releases', {
      triggers: FIEDLER_TRIGGERS,
      planner,
    });
    expect(thoughts[0]).toMatchObject({ type: 'plan', plan: { plan: [{ title: 'Build' }] } });
    expect(answer).toContain('1. Build: Build it.');
    expect(answer).toMatch(NO_MODEL);
  });

  test('goes on without a planner and says so in the answer', async () => {
    const down: Planner = {
      plan: () => Promise.reject(new MadError('timeout', 'no answer within 60 s.')),
    };
    const { thoughts, answer } = await think('plan the steps to Mars', {
      triggers: FIEDLER_TRIGGERS,
      planner: down,
    });
    expect(thoughts[0]).toMatchObject({ type: 'plan', plan: null });
    expect(answer).toMatch(
      /^\(Sequential Thinking could not be reached or gave no plan: no answer within 60 s\. This answer was made without a plan\.\)\n\n/,
    );
  });
});

test.each([
  'what ',
  'compare more ',
  'respond with ',
  '    ',
  '1',
  '....',
  'last 1 ',
  '\n',
  'mad.direct ',
  'task ',
  '1a2b3c-',
  'a1',
  'get_stats(',
  'the bus ',
  'not ',
])('a megabyte of “%s” is answered as fast as any other prompt', async (piece) => {
  const begunMs = performance.now();
  const prompt = `x ${piece.repeat(1_000_000 / piece.length)}`;
  expect((await think(prompt)).answer).toMatch(NO_MODEL);
  expect(offlinePlan(prompt).plan.length).toBeGreaterThanOrEqual(3);
  expect(performance.now() - begunMs).toBeLessThan(2_000);
});

test('a cancel ends the answer between two words', async () => {
  const cancel = new AbortController();
  const thinker = createOfflineThinker({ madId: 'fiedler', rules: [], wordDelayMs: 0 });
  const request = { taskId: 't', prompt: 'x', history: [], caller: LOCAL_CALLER, correlationId: 'c' };
  let seen = 0;
  const reading = (async () => {
    for await (const _ of thinker.think(request, cancel.signal)) {
      seen += 1;
      if (seen === 3) cancel.abort(new Error('cancelled'));
    }
  })();
  await expect(reading).rejects.toThrow('cancelled');
  expect(seen).toBe(3);
});

test('a rule that fails fails the task, it is no answer', async () => {
  const broken = { describe: 'x', answer: () => Promise.reject(new MadError('internal', 'database gone')) };
  await expect(think('anything', { rules: [broken] })).rejects.toThrow('database gone');
});
