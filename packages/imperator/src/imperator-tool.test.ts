import { defineTool, integer, LOCAL_CALLER, MadError, silentLogger, text } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { lendTool, toToolSpec } from './imperator-tool.ts';

const context = {
  caller: LOCAL_CALLER,
  correlationId: 'c',
  signal: new AbortController().signal,
  log: silentLogger,
};

const getStats = (readOnly: boolean) =>
  defineTool({
    name: 'rogers_get_stats',
    title: 'Stats',
    description: 'Totals.',
    input: z.object({ hours: integer(1, 10).optional(), correlation_id: text().optional() }),
    output: z.object({ status: z.literal('success'), hours: z.number(), by: z.string() }),
    readOnly,
    scope: 'read',
    handle: ({ hours = 1 }, { caller }) => ({ status: 'success' as const, hours, by: caller.name }),
  });

test('a tool is lent under the name and with the fields that the model knows', async () => {
  const lent = lendTool(getStats(true), {
    name: 'stats',
    input: z.object({ time_window_hours: integer(1, 10).optional() }),
    toInput: ({ time_window_hours }) => ({ hours: time_window_hours }),
  });
  expect(lent.name).toBe('stats');
  expect(await lent.run({ time_window_hours: 3 }, context)).toEqual({
    status: 'success',
    hours: 3,
    by: 'local',
  });
});

test('the tool’s own rules hold behind the model’s fields', () => {
  const lent = lendTool(getStats(true));
  expect(() => lent.run({ hours: 99 }, context)).toThrow(MadError);
});

test('a tool that acts is not lent', () => {
  expect(() => lendTool(getStats(false))).toThrow("'rogers_get_stats' acts");
});

test('the model sees a plain JSON schema, without the correlation id', () => {
  expect(toToolSpec(lendTool(getStats(true)))).toEqual({
    name: 'rogers_get_stats',
    description: 'Totals.',
    parameters: { type: 'object', properties: { hours: { type: 'integer', minimum: 1, maximum: 10 } } },
  });
});
