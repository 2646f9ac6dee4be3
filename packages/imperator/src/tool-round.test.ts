import { LOCAL_CALLER, MadError, silentLogger } from '@mad-group/protocol';
import { withTracing } from '@mad-group/protocol/tracing';
import { type RecordedSpans, recordSpans } from '@mad-group/protocol/tracing/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { ImperatorTool } from './imperator-tool.ts';
import { runTool } from './tool-round.ts';

const tool = (name: string, run: ImperatorTool['run']): ImperatorTool => ({
  name,
  description: name,
  input: z.object({}),
  readOnly: true,
  run,
});
const TOOLS = [
  tool('look', () => ({ seen: 'a secret' })),
  tool('fail', () => {
    throw new MadError('not_found', 'No such secret.');
  }),
];

let recorded: RecordedSpans;
beforeEach(() => {
  recorded = recordSpans();
});
afterEach(() => recorded.stop());

function call(name: string): Promise<string> {
  const context = {
    caller: LOCAL_CALLER,
    correlationId: 'c-1',
    log: silentLogger,
    signal: new AbortController().signal,
  };
  return withTracing(recorded.tracing, {}, () =>
    runTool(TOOLS, { id: 'call_1', name, arguments: '{}' }, context),
  );
}

test('a tool that a model calls is a span with the id of the call', async () => {
  expect(await call('look')).toBe('{"seen":"a secret"}');
  expect(recorded.span('execute_tool look')).toMatchObject({
    kind: 'INTERNAL',
    failed: false,
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'look',
      'gen_ai.tool.call.id': 'call_1',
    },
  });
  expect(JSON.stringify(recorded.spans())).not.toContain('secret');
});

test('one that fails goes on to the model as data, and is a failed span', async () => {
  expect(await call('fail')).toContain('No such secret.');
  expect(recorded.span('execute_tool fail')).toMatchObject({
    failed: true,
    attributes: { 'error.type': 'not_found' },
  });
  expect(JSON.stringify(recorded.spans())).not.toContain('secret');
});

test('one that is not there names no span', async () => {
  expect(await call('made_up')).toContain('Unknown tool');
  expect(recorded.span('execute_tool')).toMatchObject({ attributes: { 'error.type': 'unknown_tool' } });
});
