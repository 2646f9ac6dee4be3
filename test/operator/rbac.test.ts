// The rules of the operator's chart at a real API server, beside what the operator asks of it: nothing
// that it needs is refused, and nothing is allowed that it never asks for.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../kit/api-server.ts';
import type { AuditedRequest } from '../kit/audit-log.ts';
import { type Finished, type Running, run } from '../kit/process.ts';
import { HTTP_ROUTE, SERVICE_MONITOR } from './foreign-kinds.ts';
import { type Kubectl, kubectlAt } from './kubectl.ts';
import { kubeconfigOf, startOperatorProcess } from './operator-process.ts';
import { isUsedBy, type Permission, permissionsIn, wordsOf } from './permissions.ts';
import { liveThrough } from './whole-life.ts';

/** Where the release is. */
const SYSTEM = 'mad-system';
const ACCOUNT = { name: 'mad-operator', namespace: SYSTEM };
/** What the API server asks for on its own, so that no request shows it; each has a test of its own. */
const ASKED_BY_ADMISSION = ['update mads.dev/madgroups/finalizers'];

const NAMED = { apiVersion: 'mads.dev/v1alpha1', kind: 'MadGroup', metadata: { name: 'demo' } };

let server: ApiServer;
let kubectl: Kubectl;
let operator: Running | undefined;

beforeEach(async () => {
  // On OpenShift it is on: who sets an owner that blocks must be allowed to finalize that owner.
  server = await startApiServer({ admission: ['OwnerReferencesPermissionEnforcement'] });
  kubectl = kubectlAt(server);
  await kubectl('create', 'namespace', SYSTEM);
  for (const kind of [SERVICE_MONITOR, HTTP_ROUTE]) await kubectl.apply(kind);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(operator?.output().slice(-4000), refused());
  await operator?.stop();
  await server?.stop();
});

/** Installs the chart, without what would run it. */
async function install(...args: string[]): Promise<Permission[]> {
  const flags = ['--namespace', SYSTEM, '--kube-version', '1.35.0', ...args];
  const { code, stdout, stderr } = await run('helm', [
    'template',
    'mad-operator',
    'charts/mad-operator',
    ...flags,
  ]);
  expect(code, stderr).toBe(0);
  await kubectl.apply(stdout);
  await kubectl('wait', '--for=condition=Established', 'crd/madgroups.mads.dev', '--timeout=30s');
  return permissionsIn(stdout);
}

const start = async (env: Readonly<Record<string, string>> = {}): Promise<Running> =>
  startOperatorProcess(await kubeconfigOf(server, ACCOUNT), { POD_NAMESPACE: SYSTEM, ...env });

/** kubectl with what the operator may do. */
const asOperator = async (args: readonly string[], input?: object): Promise<Finished> => {
  const env = { ...server.env, KUBECONFIG: await kubeconfigOf(server, ACCOUNT) };
  return run('kubectl', args, env, input && JSON.stringify(input));
};

/** What the operator has asked for of objects; discovery, which is open to all, is about none. */
const asked = (): AuditedRequest[] =>
  server
    .requests()
    .filter(({ user }) => user.username === `system:serviceaccount:${SYSTEM}:mad-operator`)
    .filter(({ objectRef }) => objectRef !== undefined);

const refused = (): string[] =>
  asked()
    .filter(({ responseStatus }) => responseStatus?.code === 403)
    .map(({ verb, requestURI }) => `${verb} ${requestURI}`);

const unused = (granted: readonly Permission[]): string[] => {
  const requests = asked();
  return granted
    .filter((permission) => !requests.some((request) => isUsedBy(permission, request)))
    .map(({ namespace, ...permission }) => wordsOf({ ...permission, namespace: undefined }));
};

test('for all namespaces: all that the operator asks for is allowed, and all that is allowed it asks for', {
  timeout: 300_000,
}, async () => {
  const granted = await install();
  operator = await start();
  await kubectl('create', 'namespace', 'agents');
  await liveThrough(kubectl, 'agents');
  const { code, stderr } = await operator.stop();
  expect(code, stderr).toBe(0);
  expect(refused()).toEqual([]);
  expect(unused(granted)).toEqual(ASKED_BY_ADMISSION);
});

test('for one namespace: it works there, and cannot read a Secret or keep a group elsewhere', {
  timeout: 300_000,
}, async () => {
  await kubectl('create', 'namespace', 'agents');
  await kubectl('create', 'namespace', 'elsewhere');
  await kubectl('create', 'secret', 'generic', 'private', '-n', 'elsewhere');
  const granted = await install('--set', 'watchNamespace=agents');
  const OF_THE_CLUSTER = 'clusterroles,clusterrolebindings';
  const found = await kubectl(
    'get',
    OF_THE_CLUSTER,
    '-l',
    'app.kubernetes.io/part-of=mad-group',
    '-o',
    'name',
  );
  expect(found).toBe('');
  await kubectl.apply(NAMED, '-n', 'elsewhere');
  operator = await start({ WATCH_NAMESPACE: 'agents' });
  await liveThrough(kubectl, 'agents');
  expect(refused()).toEqual([]);
  expect(unused(granted)).toEqual(ASKED_BY_ADMISSION);
  expect([...new Set(asked().map(({ objectRef }) => objectRef?.namespace))].toSorted()).toEqual([
    'agents',
    SYSTEM,
  ]);
  expect(await kubectl('get', 'mg/demo', '-n', 'elsewhere', '-o', 'jsonpath={.status}')).toBe('');
  for (const where of [['-n', 'elsewhere'], ['-n', SYSTEM], ['--all-namespaces']]) {
    const { stderr } = await asOperator(['get', 'secrets', ...where]);
    expect(stderr).toMatch(/Forbidden.*cannot list resource "secrets"/);
  }
});

test('without the right to finalize groups nothing could be owned, where admission asks for it', async () => {
  await install();
  await kubectl('create', 'namespace', 'agents');
  await kubectl.apply(NAMED, '-n', 'agents');
  const { metadata } = await kubectl.get<{ metadata: { uid: string } }>('mg/demo', '-n', 'agents');
  const owner = { apiVersion: NAMED.apiVersion, kind: NAMED.kind, name: 'demo', uid: metadata.uid };
  const owned = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'owned', ownerReferences: [{ ...owner, blockOwnerDeletion: true }] },
  };
  const make = () =>
    asOperator(['apply', '--server-side', '--dry-run=server', '-n', 'agents', '-f', '-'], owned);
  expect((await make()).stderr).toBe('');
  const role = 'clusterrole/mad-operator';
  const whole = await kubectl.get<{ rules: { resources: string[] }[] }>(role);
  const rules = whole.rules.filter(({ resources }) => !resources.includes('madgroups/finalizers'));
  await kubectl('patch', role, '--type=merge', '-p', JSON.stringify({ rules }));
  await expect.poll(async () => (await make()).stderr).toMatch(/cannot set blockOwnerDeletion/);
});
