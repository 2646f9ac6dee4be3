import {
  defineTool,
  MadError,
  type PromptDefinition,
  type ResourceDefinition,
  type ToolDefinition,
} from '@mad-group/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startToy, type Toy } from '../src/toy-mad.test-support.ts';
import { FIXTURE_BOUND, SPEC_VERSIONS } from './fixture-bound.ts';
import { runConformance } from './run-conformance.ts';

const tool = (name: string, handle: ToolDefinition['handle']): ToolDefinition =>
  defineTool({
    name,
    title: name,
    description: 'A fixture of the conformance suite.',
    input: z.object({}),
    output: z.object({ status: z.literal('success') }),
    readOnly: true,
    scope: 'read',
    handle: (input, context) => handle(input, context) as { status: 'success' },
  });
const prompt = (name: string, ...names: string[]): PromptDefinition => ({
  name,
  title: name,
  description: 'A fixture of the conformance suite.',
  arguments: z.object(Object.fromEntries(names.map((argument) => [argument, z.string()]))),
  render: (values) => `With ${JSON.stringify(values)}`,
});
const resource = (uri: string): ResourceDefinition => ({
  uri,
  name: uri,
  title: uri,
  description: 'A fixture of the conformance suite.',
  scope: 'read',
  read: (variables) => ({ variables }),
});

/** The fixtures that a MAD's declarations can express, and what they let it pass. */
const tools = [
  tool('test_simple_text', () => ({ status: 'success' })),
  tool('test_logging_tool', () => ({ status: 'success' })),
  tool('test_error_handling', () => {
    throw new MadError('conflict', 'This tool fails on purpose.');
  }),
  tool('test_tool_with_progress', (_input, { progress }) => {
    for (const piece of ['one', 'two', 'three']) progress?.(piece);
    return { status: 'success' };
  }),
];
const PROVIDED = new Set([
  'tools-call-simple-text',
  'tools-call-error',
  'tools-call-with-progress',
  'server-stateless:sep-2575-server-no-log-without-loglevel',
  'prompts-get-simple',
  'prompts-get-with-args',
  'completion-complete',
  'resources-read-text',
  'resources-templates-read',
]);

let bare: Toy;
let furnished: Toy;
beforeAll(async () => {
  bare = await startToy();
  furnished = await startToy({
    tools,
    prompts: [prompt('test_simple_prompt'), prompt('test_prompt_with_arguments', 'arg1', 'arg2')],
    resources: [resource('test://static-text'), resource('test://template/{id}/data')],
  });
});
afterAll(async () => {
  await bare.stop();
  await furnished.stop();
});

describe.each(SPEC_VERSIONS)('MCP’s conformance suite at %s', (specVersion) => {
  test('passes on any MAD, but for what needs its fixtures', async () => {
    const result = await runConformance({ url: bare.mcpUrl, specVersion });
    expect(result.unexpected).toEqual([]);
    expect(result.ok, result.output).toBe(true);
    expect(result.passed).toBeGreaterThan(35);
  });

  test('passes with the fixtures, as far as a MAD can have them', async () => {
    const result = await runConformance({ url: furnished.mcpUrl, specVersion, provides: PROVIDED });
    expect(result.unexpected).toEqual([]);
    expect(result.ok, result.output).toBe(true);
  });
});

test('a server that breaks the protocol fails', async () => {
  const { port } = bare.mad;
  const result = await runConformance({ url: `http://127.0.0.1:${port}/nothing`, specVersion: '2025-11-25' });
  expect(result.ok).toBe(false);
  expect(result.unexpected.length).toBeGreaterThan(0);
});

test('each entry of the list has its reason', () => {
  for (const { entry, reason } of FIXTURE_BOUND) expect(reason, entry).toMatch(/example server|the tool '/);
  expect(new Set(FIXTURE_BOUND.map(({ entry }) => entry)).size).toBe(FIXTURE_BOUND.length);
});
