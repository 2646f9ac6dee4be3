// The operator on a real cluster: its quickstart, and what a person would try next.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createNamespace, must, type TestNamespace } from '../kit/cluster.ts';

/** Deadline of the issue that asked for it: from `kubectl apply` to Verified, images loaded. */
const VERIFIED_WITHIN_MS = 40_000;
let system: TestNamespace;
let ns: TestNamespace;

beforeAll(async () => {
  system = await createNamespace('mad-system');
  ns = await createNamespace('mad-operator-e2e');
});
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  console.error(
    await ns.describe(),
    (await system.tryKubectl('logs', 'deployment/mad-operator', '--tail=60')).stdout,
  );
});
afterAll(async () => {
  await ns?.tryKubectl('delete', 'madgroup', '--all', '--timeout=60s');
  await system?.tryKubectl('delete', 'crd', 'madgroups.mads.dev', '--timeout=60s');
  // What is of the cluster as a whole does not go with the namespace.
  if (system)
    await must('helm', ['--namespace', system.name, 'uninstall', 'mad-operator', '--ignore-not-found']);
  await ns?.delete();
  await system?.delete();
});

const condition = (type: string): Promise<string> =>
  ns.kubectl('get', 'mg/demo', '-o', `jsonpath={.status.conditions[?(@.type=="${type}")].status}`);

/** UIDs of the members' pods. */
const pods = async (): Promise<string[]> =>
  (await ns.kubectl('get', 'pods', '-l', 'mads.dev/member=true', '-o', 'jsonpath={.items[*].metadata.uid}'))
    .split(' ')
    .toSorted();
/** None of those pods is there any more, and all is verified. */
const untilReplaced = async (before: readonly string[]): Promise<void> => {
  await expect
    .poll(async () => (await pods()).filter((uid) => before.includes(uid)), { timeout: 180_000 })
    .toEqual([]);
  await expect.poll(() => condition('Progressing'), { timeout: 180_000 }).toBe('False');
  await expect.poll(() => condition('Verified'), { timeout: 180_000 }).toBe('True');
};

test('helm install and kubectl apply are a verified group, within 40 s', async () => {
  await system.helm('install', 'mad-operator', 'charts/mad-operator', '--wait', '--timeout', '120s');
  const startedMs = performance.now();
  await ns.kubectl('apply', '-f', 'k8s/madgroup.yaml');
  await expect.poll(() => condition('Verified'), { timeout: 120_000 }).toBe('True');
  const tookMs = performance.now() - startedMs;
  console.log(`apply to Verified: ${Math.round(tookMs)} ms`);
  expect(tookMs).toBeLessThan(VERIFIED_WITHIN_MS);
  expect(await ns.kubectl('get', 'mg')).toMatch(/demo\s+True\s+True\s+4\/4\s+offline/);
});

test('the group does its main job', async () => {
  const { code, stdout, stderr } = await ns.exec(
    'fiedler-0',
    'mad-cli',
    'fiedler_ask',
    'prompt=System check, please respond with OK.',
  );
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('OK');
});

test('a deleted StatefulSet is back, and the status says meanwhile that it is away', async () => {
  await ns.kubectl('delete', 'statefulset', 'fiedler');
  await expect.poll(() => condition('Available'), { timeout: 10_000 }).toBe('False');
  await expect.poll(() => condition('Verified'), { timeout: 120_000 }).toBe('True');
});

test('a rotated password is taken by all, and the group is verified again', async () => {
  const password = (): Promise<string> =>
    ns.kubectl('get', 'secret/redis-auth', '-o', 'jsonpath={.data.password}');
  const [before, old] = [await password(), await pods()];
  await ns.kubectl('annotate', 'mg/demo', 'mads.dev/rotate=1');
  await expect.poll(password, { timeout: 10_000 }).not.toBe(before);
  await untilReplaced(old);
});

test('a bad image is named, and what was asked for instead comes up', async () => {
  const image = (tag: string): Promise<string> =>
    ns.kubectl('patch', 'mg/demo', '--type=merge', '-p', JSON.stringify({ spec: { images: { tag } } }));
  await image('not-there');
  const message = (): Promise<string> =>
    ns.kubectl('get', 'mg/demo', '-o', 'jsonpath={.status.conditions[?(@.type=="Degraded")].message}');
  await expect.poll(message, { timeout: 60_000 }).toMatch(/ErrImagePull|ImagePullBackOff|ErrImageNeverPull/);
  await ns.kubectl('patch', 'mg/demo', '--type=json', '-p', '[{"op": "remove", "path": "/spec/images/tag"}]');
  await expect.poll(() => condition('Progressing'), { timeout: 180_000 }).toBe('False');
  await expect.poll(() => condition('Verified'), { timeout: 180_000 }).toBe('True');
});

test('a restarted operator leaves the pods alone', async () => {
  // Pods of the earlier steps are on their way out.
  await expect.poll(async () => (await pods()).length, { timeout: 60_000 }).toBe(5);
  const before = await pods();
  await system.kubectl('rollout', 'restart', 'deployment/mad-operator');
  await system.kubectl('rollout', 'status', 'deployment/mad-operator', '--timeout=60s');
  await expect
    .poll(() => system.kubectl('logs', 'deployment/mad-operator', '--tail=-1'), { timeout: 60_000 })
    .toContain('Leading');
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  expect(await system.kubectl('logs', 'deployment/mad-operator', '--tail=-1')).not.toContain('"Applied"');
  expect(await pods()).toEqual(before);
});

test('a deleted group leaves its claims alone', async () => {
  await ns.kubectl('delete', 'mg/demo');
  await expect.poll(() => ns.kubectl('get', 'pods', '-o', 'name'), { timeout: 120_000 }).toBe('');
  expect((await ns.kubectl('get', 'pvc', '-o', 'name')).trim().split('\n')).toHaveLength(3);
});
