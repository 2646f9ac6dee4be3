import { LOCAL_CALLER, MadError, type Planner, parseToolInput, silentLogger } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { performSequentialThinking } from './perform-sequential-thinking.ts';

const PLAN = { plan: [{ step_number: 1, title: 'Build', description: 'Build it.' }] };
const context = {
  caller: LOCAL_CALLER,
  correlationId: 'c-1',
  log: silentLogger,
  signal: new AbortController().signal,
};

const call = async (input: unknown, planner: Planner) => {
  const tool = performSequentialThinking(planner);
  return tool.output.parse(await tool.handle(parseToolInput(tool, input), context));
};

test('gives the plan, under the caller’s correlation id', async () => {
  const asked: unknown[] = [];
  const planner: Planner = {
    plan: async (prompt, { correlationId }) => {
      asked.push([prompt, correlationId]);
      return PLAN;
    },
  };
  expect(await call({ prompt: 'ship it' }, planner)).toEqual({ status: 'success', result: PLAN });
  expect(asked).toEqual([['ship it', 'c-1']]);
});

test.each([{}, { prompt: '' }, { prompt: null }])('%j lacks the prompt', async (input) => {
  await expect(call(input, { plan: async () => PLAN })).rejects.toThrow(
    "'prompt' is required in tool_input.",
  );
});

test('a failure keeps its code and says that no valid plan came', async () => {
  const failing: Planner = { plan: () => Promise.reject(new MadError('invalid_plan', 'it is not JSON')) };
  await expect(call({ prompt: 'x' }, failing)).rejects.toMatchObject({
    code: 'invalid_plan',
    message: 'Failed to generate valid plan: it is not JSON',
  });
});

test('a defect stays a defect', async () => {
  const failing: Planner = { plan: () => Promise.reject(new TypeError('secret')) };
  await expect(call({ prompt: 'x' }, failing)).rejects.toBeInstanceOf(TypeError);
});
