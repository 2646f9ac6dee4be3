// Tracing as OpenTelemetry's standard variables switch and shape it.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectTools } from '@mad-group/mad';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Group, startGroup } from '../kit/group.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../kit/otlp-receiver.ts';

let receiver: OtlpReceiver;
let folder: string;
let group: Group | undefined;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
});
afterAll(() => receiver.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mad-tracing-'));
});
afterEach(async () => {
  await group?.stop();
  group = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** Asks a group that is started so, stops it, and gives what has come of it. */
async function spansOf(env: Record<string, string>): Promise<ReceivedSpan[]> {
  const before = (await receiver.allSpans()).length;
  group = await startGroup(env);
  const fiedler = await connectTools(group.url('fiedler'));
  await fiedler.callOrThrow('fiedler_ask', { prompt: 'Plan the steps to bake bread.' });
  await fiedler.close();
  const { code } = await group.stop();
  expect(code).toBe(0);
  return (await receiver.allSpans()).slice(before);
}

const endpoint = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
const services = (spans: readonly ReceivedSpan[]): string[] =>
  [...new Set(spans.map(({ service }) => service))].toSorted();

async function openTelemetryModules(env: Record<string, string>): Promise<string[]> {
  const modules = join(folder, `modules-${Object.keys(env).length}`);
  const hook = { NODE_OPTIONS: '--import=./test/kit/loaded-modules.mjs', LOADED_MODULES: modules };
  await spansOf({ ...env, ...hook });
  const packages = (await readFile(modules, 'utf8')).matchAll(/@opentelemetry\/[\w-]+/g);
  return [...new Set(Array.from(packages, ([name]) => name))].toSorted();
}

test('without a collector only the API is loaded, and nothing is sent', async () => {
  expect(await openTelemetryModules({})).toEqual(['@opentelemetry/api']);
  expect(await receiver.allSpans()).toEqual([]);
  expect(await openTelemetryModules(endpoint())).toContain('@opentelemetry/sdk-trace');
});

test('each MAD is a service of its own in one process, and the last spans come before it ends', async () => {
  const spans = await spansOf({ ...endpoint(), OTEL_BSP_SCHEDULE_DELAY: '600000' });
  expect(services(spans)).toEqual(['fiedler', 'sequential-thinking']);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(spans.map(({ name }) => name)).toContain('plan sequential-thinking');
});

test('name, facts, headers and compression are those that the environment says, its files too', async () => {
  const file = join(folder, 'headers');
  await writeFile(file, 'authorization=Bearer%20hush,x-tenant=ours\n');
  const spans = await spansOf({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.endpoint}/v1/traces`,
    OTEL_EXPORTER_OTLP_HEADERS_FILE: file,
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_SERVICE_NAME: 'our-group',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=ignored',
  });
  expect(services(spans)).toEqual(['our-group']);
  expect(spans[0]?.resource).toMatchObject({
    'deployment.environment.name': 'test',
    'service.version': '0.1.0',
  });
  expect(spans[0]?.headers).toMatchObject({
    authorization: 'Bearer hush',
    'x-tenant': 'ours',
    'content-encoding': 'gzip',
  });
});

test('a sampler keeps what it is told to', async () => {
  expect(await spansOf({ ...endpoint(), OTEL_TRACES_SAMPLER: 'always_off' })).toEqual([]);
  const ratio = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' };
  expect(await spansOf({ ...endpoint(), ...ratio })).toEqual([]);
});

test('what was asked is in spans only by the standard opt-in', async () => {
  const plain = await spansOf(endpoint());
  expect(JSON.stringify(plain)).not.toContain('bread');
  const told = await spansOf({
    ...endpoint(),
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'SPAN_ONLY',
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '60',
  });
  const asked = told.find(({ name }) => name === 'execute_tool fiedler_ask');
  expect(asked?.attributes['gen_ai.tool.call.arguments']).toBe('{"prompt":"Plan the steps to bake bread."}');
  expect(String(asked?.attributes['gen_ai.tool.call.result'])).toHaveLength(60);
});
