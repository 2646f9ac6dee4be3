import { LLMock } from '@copilotkit/aimock';
import { type MadError, PlanSchema, silentLogger } from '@mad-group/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { offlinePlan } from './offline-plan.ts';
import { createPlanMaker, parsePlan } from './plan-maker.ts';
import { createOpenAiProvider } from './provider/openai-provider.ts';

const mock = new LLMock({ port: 0 });
beforeAll(async () => {
  await mock.start();
});
afterAll(() => mock.stop());
beforeEach(() => {
  mock.clearFixtures();
  mock.clearRequests();
  mock.resetMatchCounts();
});

const planner = (timeoutMs = 5_000) =>
  createPlanMaker({
    provider: createOpenAiProvider({
      baseUrl: `${mock.url}/v1`,
      model: 'm',
      log: silentLogger,
      retry: { maxRetries: 0 },
    }),
    log: silentLogger,
    timeoutMs,
  });
const plan = (prompt: string, timeoutMs?: number, signal = new AbortController().signal) =>
  planner(timeoutMs).plan(prompt, { correlationId: 'c', signal });

const step = (step_number: number, title = 'Build') => ({ step_number, title, description: 'Do it.' });
const GOOD = JSON.stringify({ plan: [step(1), step(2, 'Ship')] });

test('gives the model’s plan', async () => {
  mock.onMessage('ship it', { content: GOOD });
  expect((await plan('ship it')).plan.map(({ title }) => title)).toEqual(['Build', 'Ship']);
});

test('shows the model its errors once and takes the corrected plan', async () => {
  mock.onMessage('That is not a valid plan', { content: GOOD });
  mock.onMessage('ship it', { content: JSON.stringify({ plan: [step(1), step(3, '')] }) });
  expect((await plan('ship it')).plan).toHaveLength(2);
  expect(mock.getRequests()).toHaveLength(2);
  const repair = JSON.stringify(mock.getLastRequest()?.body);
  expect(repair).toContain('plan: steps must be numbered from 1 without gaps');
  expect(repair).toContain('plan.1.title');
});

test('gives up after one repair and says what was wrong', async () => {
  mock.onMessage(/./, { content: 'I would rather not.' });
  await expect(plan('ship it')).rejects.toMatchObject({
    code: 'invalid_plan',
    message: expect.stringContaining('it is not JSON'),
  });
  expect(mock.getRequests()).toHaveLength(2);
});

test('ends at its own timeout', async () => {
  mock.onMessage('ship it', { content: GOOD }, { chaos: { latencyMs: 300 } });
  await expect(plan('ship it', 50)).rejects.toMatchObject({
    code: 'timeout',
    message: 'no plan within 0.05 s',
  });
});

test('ends with the caller’s signal', async () => {
  mock.onMessage('ship it', { content: GOOD }, { chaos: { latencyMs: 300 } });
  const cancel = new AbortController();
  const planned = plan('ship it', 5_000, cancel.signal);
  cancel.abort(new Error('cancelled'));
  await expect(planned).rejects.toThrow('cancelled');
});

test('keeps the provider’s own error', async () => {
  mock.onMessage('ship it', { error: { message: 'bad key' }, status: 401 });
  await expect(plan('ship it')).rejects.toMatchObject({ code: 'provider_auth' } satisfies Partial<MadError>);
});

describe('parsePlan', () => {
  test('takes code fences off', () => {
    expect(parsePlan(`\`\`\`json\n${GOOD}\n\`\`\`\n`)).toEqual({ plan: JSON.parse(GOOD) });
  });

  test.each([
    ['numbers that begin elsewhere', { plan: [step(2)] }],
    ['a number that is text', { plan: [{ ...step(1), step_number: '1' }] }],
    ['an empty title', { plan: [step(1, '  ')] }],
    ['no steps', { plan: [] }],
    ['no plan', { steps: [] }],
    ['a list', [step(1)]],
  ])('corrects nothing silently: %s', (_, value) => {
    expect(parsePlan(JSON.stringify(value))).toHaveProperty('problems.0');
  });
});

describe('offline', () => {
  const offline = createPlanMaker({ provider: null, log: silentLogger });

  test('orders the parts of the prompt and says that no model is configured', async () => {
    const made = await offline.plan(
      'Design a workflow for releases: build the image, run the tests and then push it. Finally tell the team.',
      { correlationId: 'c', signal: new AbortController().signal },
    );
    expect(made.plan.map(({ title }) => title)).toEqual([
      'Make clear what is wanted',
      'Releases: build the image',
      'Run the tests',
      'Push it',
      'Tell the team',
      'Check the result',
    ]);
    expect(made.plan[0]?.description).toContain('No model is configured');
  });

  test('any prompt gives a valid plan of at least three steps', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (prompt) => {
        const made = offlinePlan(prompt);
        expect(PlanSchema.parse(made).plan.length).toBeGreaterThanOrEqual(3);
      }),
    );
  });
});
