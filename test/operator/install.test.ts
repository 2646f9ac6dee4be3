// The operator's chart and Helm at a real API server: what an upgrade and an uninstall do to the
// definition and the groups, and what a second operator may do.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type ApiServer, startApiServer } from '../kit/api-server.ts';
import { type Finished, ROOT, type Running, run } from '../kit/process.ts';
import { type Kubectl, kubectlAt } from './kubectl.ts';
import { startOperatorProcess } from './operator-process.ts';

interface Workload {
  readonly kind: string;
  readonly spec: { readonly template: { readonly metadata: object; readonly spec: object } };
}

const CHART = 'charts/mad-operator';
const CRD = 'crd/madgroups.mads.dev';
let server: ApiServer;
let kubectl: Kubectl;
let operator: Running | undefined;
const folder = mkdtempSync(join(tmpdir(), 'mad-install-'));

beforeEach(async () => {
  server = await startApiServer();
  kubectl = kubectlAt(server);
});
afterEach(async () => {
  await operator?.stop();
  operator = undefined;
  await server?.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tryHelm = (...args: string[]): Promise<Finished> => run('helm', args, server.env);
async function helm(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryHelm(...args);
  if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}`);
  return stdout;
}
const install = (namespace: string, ...args: string[]): Promise<Finished> =>
  tryHelm('install', 'mad-operator', CHART, '-n', namespace, '--create-namespace', ...args);

async function createGroup(namespace: string): Promise<void> {
  await kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await kubectl('wait', '--for=condition=Established', CRD, '--timeout=30s');
  const group = { apiVersion: 'mads.dev/v1alpha1', kind: 'MadGroup', metadata: { name: 'demo' } };
  await kubectl.apply(group, '-n', namespace);
}
const columns = (): Promise<string> =>
  kubectl('get', CRD, '-o', 'jsonpath={.spec.versions[0].additionalPrinterColumns[*].name}');

/** The chart as it might have been: its definition has a column less. */
function olderChart(): string {
  const chart = join(folder, 'mad-operator');
  cpSync(join(ROOT, CHART), chart, { recursive: true, dereference: true });
  const crd = join(chart, 'templates', 'crd.yaml');
  const column = /\n +- name: Model\n +type: string\n +jsonPath: \.status\.model/;
  const text = readFileSync(crd, 'utf8');
  expect(text).toMatch(column);
  writeFileSync(crd, text.replace(column, ''));
  return chart;
}

test('an upgrade brings the newer definition, and an uninstall keeps it and every group', async () => {
  await helm('install', 'mad-operator', olderChart(), '-n', 'mad-system', '--create-namespace');
  await createGroup('agents');
  const uid = () => kubectl('get', 'mg/demo', '-n', 'agents', '-o', 'jsonpath={.metadata.uid}');
  const before = await uid();
  expect(await columns()).not.toContain('Model');
  await helm('upgrade', 'mad-operator', CHART, '-n', 'mad-system');
  expect(await columns()).toContain('Model');

  expect(await helm('uninstall', 'mad-operator', '-n', 'mad-system')).toContain('madgroups.mads.dev');
  expect(await uid()).toBe(before);
  expect(await kubectl('get', 'clusterrole/mad-operator', '--ignore-not-found')).toBe('');
  // It comes back to what it left.
  const { code, stderr } = await install('mad-system');
  expect(code, stderr).toBe(0);
  expect(await uid()).toBe(before);
});

test('a second operator is for another namespace, and leaves the definition to the first', async () => {
  await kubectl('create', 'namespace', 'agents');
  expect((await install('team-a', '--set', 'watchNamespace=agents')).code).toBe(0);
  await kubectl('create', 'namespace', 'others');
  const refused = await install('team-b', '--set', 'watchNamespace=others');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/CustomResourceDefinition "madgroups\.mads\.dev".* cannot be imported/);

  const second = await install('team-b', '--set', 'watchNamespace=others,crd.enabled=false');
  expect(second.code, second.stderr).toBe(0);
  await helm('uninstall', 'mad-operator', '-n', 'team-b');
  expect(await columns()).toContain('Model');
});

test.each([
  ['one namespace', ['--set', 'watchNamespace=agents'], /"mad-operator" in namespace "agents"/],
  ['the cluster', [], /ClusterRole "mad-operator"/],
])('Helm refuses a second operator of %s', async (_what, flags, words) => {
  await kubectl('create', 'namespace', 'agents');
  expect((await install('team-a', ...flags)).code).toBe(0);
  const { code, stderr } = await install('team-b', ...flags, '--set', 'crd.enabled=false');
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/exists and cannot be imported into the current release/);
  expect(stderr).toMatch(
    /"meta\.helm\.sh\/release-namespace" must equal "team-b": current value is "team-a"/,
  );
  expect(stderr).toMatch(words);
});

test('its pod is one that a restricted namespace takes', async () => {
  await kubectl('create', 'namespace', 'mad-system');
  await kubectl('label', 'namespace', 'mad-system', 'pod-security.kubernetes.io/enforce=restricted');
  const makePod = async (...flags: string[]): Promise<Finished> => {
    const shown = ['--show-only', 'templates/operator.yaml', '--kube-version', '1.35.0'];
    const rendered = await helm('template', 'mad-operator', CHART, '-n', 'mad-system', ...shown, ...flags);
    const objects = parseAllDocuments(rendered).map((document) => document.toJS() as Workload | null);
    const pod = objects.find((object) => object?.kind === 'Deployment')?.spec.template;
    const body = { apiVersion: 'v1', kind: 'Pod', ...pod, metadata: { ...pod?.metadata, name: 'operator' } };
    const args = ['create', '--dry-run=server', '-n', 'mad-system', '-f', '-'];
    return run('kubectl', args, server.env, JSON.stringify(body));
  };
  const { code, stderr } = await makePod();
  expect(code, stderr).toBe(0);
  const loose = await makePod('--set', 'containerSecurityContext.allowPrivilegeEscalation=true');
  expect(loose.stderr).toMatch(/violates PodSecurity "restricted:latest": allowPrivilegeEscalation/);
});

test('the operator of all namespaces leaves alone those that have one of their own', {
  timeout: 120_000,
}, async () => {
  expect((await install('mad-system')).code).toBe(0);
  await createGroup('agents');
  await createGroup('elsewhere');
  operator = startOperatorProcess(server.kubeconfig, { POD_NAMESPACE: 'mad-system' });
  const service = (namespace: string): Promise<string> =>
    kubectl('get', 'service/grace', '-n', namespace, '-o', 'name', '--ignore-not-found');
  for (const namespace of ['agents', 'elsewhere']) {
    await expect.poll(() => service(namespace), { timeout: 60_000 }).not.toBe('');
  }
  const flags = ['--set', 'watchNamespace=agents,crd.enabled=false'];
  const { code, stderr } = await install('team-a', ...flags);
  expect(code, stderr).toBe(0);
  // Nothing runs at this API server, so what is deleted now is brought back by the operator of all, or not.
  for (const namespace of ['agents', 'elsewhere']) {
    await kubectl('delete', 'service/grace', '-n', namespace);
  }
  await expect.poll(() => service('elsewhere')).not.toBe('');
  expect(await service('agents')).toBe('');
  await helm('uninstall', 'mad-operator', '-n', 'team-a');
  await expect.poll(() => service('agents')).not.toBe('');
});
