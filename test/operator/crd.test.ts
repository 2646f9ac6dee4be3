// The CustomResourceDefinition at a real API server: what it takes, what it adds, what it refuses and how it says so.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DEFAULT_STORAGE_SIZE,
  MAD_GROUP,
  type MadGroup,
  MadGroupSchema,
  type MadGroupStatus,
} from '@mad-group/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ApiServer, startApiServer } from '../kit/api-server.ts';
import { template } from '../kit/helm.ts';
import { type Finished, ROOT, run } from '../kit/process.ts';
import { INVALID_GROUPS } from './invalid-groups.ts';
import { DEFAULT_SPEC, FULL_SPEC } from './valid-groups.ts';

const CRD = 'charts/mad-operator/templates/crd.yaml';
let server: ApiServer;

const tryKubectl = (args: readonly string[], input?: object): Promise<Finished> =>
  run('kubectl', args, server.env, input ? JSON.stringify(input) : '');

async function kubectl(args: readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await tryKubectl(args, input);
  expect(code, stderr).toBe(0);
  return stdout;
}

const group = (name: string, spec?: object) => ({
  apiVersion: `${MAD_GROUP.group}/${MAD_GROUP.version}`,
  kind: MAD_GROUP.kind,
  metadata: { name },
  ...(spec && { spec }),
});
const apply = (resource: object) =>
  tryKubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], resource);
const get = async (name: string): Promise<MadGroup> =>
  MadGroupSchema.parse(JSON.parse(await kubectl(['get', 'mg', name, '-o', 'json'])));

beforeAll(async () => {
  server = await startApiServer();
  await kubectl(['apply', '--server-side', '-f', CRD]);
  await kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd/madgroups.mads.dev']);
});
afterAll(() => server?.stop());

test('the API server finds nothing to say against the schema', async () => {
  const crd = JSON.parse(await kubectl(['get', 'crd', 'madgroups.mads.dev', '-o', 'json'])) as {
    status: { conditions: { type: string; status: string; message: string }[] };
  };
  expect(crd.status.conditions.filter(({ type }) => type === 'NonStructuralSchema')).toEqual([]);
});

test('Helm hands the definition on as it is', async () => {
  const { code, stdout, stderr } = await template('mad-operator', '--show-only', 'templates/crd.yaml');
  expect(code, stderr).toBe(0);
  expect(parse(stdout)).toEqual(parse(readFileSync(join(ROOT, CRD), 'utf8')));
});

test('a resource with only a name is an offline group of the four MADs', async () => {
  await kubectl(['create', '--validate=strict', '-f', '-'], group('bare'));
  expect((await get('bare')).spec).toEqual(DEFAULT_SPEC);
});

test('the defaults of the API server are those of the schema', async () => {
  const spec = {
    llm: { apiKeySecretRef: { name: 'openai' } },
    bus: { storage: {} },
    callers: [{ name: 'ci', scopes: ['read'], tokenSecretRef: { name: 'ci' } }],
  };
  await kubectl(['create', '--validate=strict', '-f', '-'], group('sparse', spec));
  const stored = JSON.parse(await kubectl(['get', 'mg', 'sparse', '-o', 'json'])) as MadGroup;
  expect(stored.spec).toEqual(MadGroupSchema.shape.spec.parse(spec));
  expect(stored.spec.bus.storage).toEqual({ size: '2Gi' });
});

test('a resource with every field is taken and comes back unchanged', async () => {
  const { code, stderr } = await apply(group('full', FULL_SPEC));
  expect(code, stderr).toBe(0);
  expect((await get('full')).spec).toEqual(FULL_SPEC);
});

test('a bus elsewhere is taken: by its URL, with TLS, behind Sentinel', async () => {
  const passwordSecretRef = { name: 'redis-auth', key: 'password' };
  const tls = { caSecretRef: { name: 'redis-ca' } };
  const buses = {
    external: { external: { url: 'rediss://redis.example:6380', passwordSecretRef, tls } },
    sentinels: { sentinels: { addresses: ['s-0.redis:26379'], master: 'main', passwordSecretRef, tls } },
  };
  for (const [name, bus] of Object.entries(buses)) {
    await kubectl(['create', '--validate=strict', '-f', '-'], group(name, { bus }));
    expect((await get(name)).spec.bus).toEqual(bus);
  }
});

const dryRun = (resource: object) =>
  tryKubectl(['create', '--dry-run=server', '--validate=strict', '-f', '-'], resource);

test.each(INVALID_GROUPS)('%s is refused by name', async (_what, spec, words) => {
  const { code, stderr } = await dryRun(group('invalid', spec));
  expect(stderr).toMatch(words);
  expect(code).not.toBe(0);
});

test('a name that is too long is refused', async () => {
  expect((await dryRun(group('a'.repeat(40)))).code).toBe(0);
  const { code, stderr } = await dryRun(group('a'.repeat(41)));
  expect(stderr).toMatch(/metadata\.name has more than 40 characters.*shorten it/);
  expect(code).not.toBe(0);
});

// Whether a claim can become so is not in the resource: the operator says it, and the way back is open.
test('a size may be changed both ways', async () => {
  for (const size of ['1Gi', '5Gi', '4G']) {
    const { code, stderr } = await apply(group('sizes', { bus: { storage: { size } } }));
    expect(code, stderr).toBe(0);
  }
});

test('the size that is taken where none is said is that of the charts', () => {
  for (const chart of ['redis', 'fiedler', 'rogers']) {
    const values = parse(readFileSync(join(ROOT, 'charts', chart, 'values.yaml'), 'utf8')) as {
      persistence: { size: string };
    };
    expect(values.persistence.size, chart).toBe(DEFAULT_STORAGE_SIZE);
  }
});

test('storage comes and goes with a MAD of one’s own, and with the bus', async () => {
  const own = (fields: object) => ({ mads: [{ name: 'librarian', image: 'librarian:1', ...fields }] });
  const elsewhere = { external: { url: 'redis://redis:6379', passwordSecretRef: { name: 'redis-auth' } } };
  const steps = [
    own({}),
    own({ storage: { size: '1Gi' } }),
    own({}),
    { ...own({}), bus: { storage: { size: '9Gi' } } },
    { ...own({}), bus: elsewhere },
    { ...own({}), bus: { storage: { size: '1Gi' } } },
  ];
  for (const spec of steps) {
    const { code, stderr } = await apply(group('comes-and-goes', spec));
    expect(code, stderr).toBe(0);
  }
});

test('the list shows how a group is, from its status', async () => {
  await kubectl(['create', '-f', '-'], group('shown'));
  const condition = (type: string, status: string) => ({
    type,
    status,
    reason: 'Tested',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const status = {
    observedGeneration: 1,
    conditions: [condition('Available', 'True'), condition('Verified', 'False')],
    mads: [{ name: 'grace', replicas: 1, readyReplicas: 1, version: '0.1.0', endpoint: 'grace:8000' }],
    ready: '3/4',
    model: 'offline',
  } as MadGroupStatus;
  const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
  await kubectl(['patch', 'mg', 'shown', ...patch]);
  const [head, row] = (await kubectl(['get', 'mg', 'shown'])).split('\n');
  expect(head).toMatch(/^NAME +READY +VERIFIED +MADS +MODEL +AGE$/);
  expect(row).toMatch(/^shown +True +False +3\/4 +offline +\d+s$/);
  expect(await kubectl(['get', 'mg', 'shown', '-o', 'wide'])).toMatch(/ACCEPTED +DEGRADED\n/);
  expect((await get('shown')).status).toEqual(status);
  // Only a change of the spec is another generation.
  expect((await get('shown')).metadata.generation).toBe(1);
});

test('a condition that is none is refused', async () => {
  const conditions = [
    { type: 'Fine', status: 'True', reason: 'X', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ];
  await kubectl(['create', '-f', '-'], group('condition'));
  const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status: { conditions } })];
  const { code, stderr } = await tryKubectl(['patch', 'mg', 'condition', ...patch]);
  expect(stderr).toMatch(/status\.conditions\[0\]\.type: Unsupported value: "Fine"/);
  expect(code).not.toBe(0);
});
