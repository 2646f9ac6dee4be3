// The operator on a real cluster: its quickstart, and what a person would try next.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connectFrom, createNamespace, REFUSED, type TestNamespace } from '../kit/cluster.ts';
import { restrictedPod } from '../kit/restricted-pod.ts';
import { figure, scaled } from '../kit/scale.ts';
import { CHART, createScene, operatorLogs, removeOperator, type Scene } from './operator-scene.ts';

/** Deadline of the issue that asked for it: from `kubectl apply` to Verified, images loaded. */
const VERIFIED_WITHIN_MS = 40_000;
/** For so long nothing may be written where all is well. */
const STEADY_MS = scaled({ short: 40_000, full: 300_000 });
let system: TestNamespace;
let scene: Scene;

beforeAll(async () => {
  system = await createNamespace('mad-system');
  scene = await createScene('mad-operator-e2e');
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(await scene.describe(), await operatorLogs(system));
});
afterAll(async () => {
  await scene?.ns.tryKubectl('delete', 'madgroup', '--all', '--timeout=60s');
  await scene?.ns.delete();
  await removeOperator(system);
});

test('helm install and kubectl apply are a verified group, within 40 s', async () => {
  await system.helm('install', 'mad-operator', CHART, '--wait', '--timeout', '120s');
  const startedMs = performance.now();
  await scene.ns.kubectl('apply', '-f', 'k8s/madgroup.yaml');
  await expect.poll(() => scene.status('Verified'), { timeout: 120_000 }).toBe('True');
  const tookMs = Math.round(performance.now() - startedMs);
  figure('apply to Verified', { ms: tookMs });
  expect(tookMs).toBeLessThan(VERIFIED_WITHIN_MS);
  expect(await scene.ns.kubectl('get', 'mg')).toMatch(/demo\s+True\s+True\s+4\/4\s+offline/);
});

test('the group does its main job', async () => {
  const ask = ['mad-cli', 'fiedler_ask', 'prompt=System check, please respond with OK.'];
  const { code, stdout, stderr } = await scene.ns.exec('fiedler-0', ...ask);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('OK');
});

test('a rotated password is taken by all, and the group is verified again', async () => {
  const password = (): Promise<string> =>
    scene.ns.kubectl('get', 'secret/redis-auth', '-o', 'jsonpath={.data.password}');
  const [before, old] = [await password(), await scene.pods()];
  await scene.annotate('mads.dev/rotate=1');
  await expect.poll(password, { timeout: 10_000 }).not.toBe(before);
  await expect
    .poll(async () => (await scene.pods()).filter((uid) => old.includes(uid)), { timeout: 180_000 })
    .toEqual([]);
  await scene.untilVerified(180_000);
});

test('a bad image is named, and what was asked for instead comes up', async () => {
  await scene.patch({ images: { tag: 'not-there' } });
  await expect
    .poll(() => scene.message('Degraded'), { timeout: 60_000 })
    .toMatch(/waits for its image mad\/\S+:not-there: Err\w+.*Correct the image/);
  await scene.patch({ images: { tag: null } });
  await expect.poll(() => scene.status('Degraded'), { timeout: 60_000 }).toBe('False');
  await scene.untilVerified(180_000);
});

/** Version of every object in the namespace, of whatever kind; Events apart, which are none of the group. */
async function versions(): Promise<Record<string, string>> {
  const listed = await scene.ns.kubectl('api-resources', '--verbs=list', '--namespaced', '-o=name');
  const kinds = listed.split('\n').filter((kind) => kind !== '' && !/^events|metrics\.k8s\.io$/.test(kind));
  const columns = '{range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}';
  const lines = (await scene.ns.kubectl('get', kinds.join(), `-o=jsonpath=${columns}`)).trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
}

test(`a restarted operator leaves a healthy group as it is, for ${STEADY_MS / 1000} s`, async () => {
  // Pods of the earlier steps are on their way out.
  await expect.poll(async () => (await scene.pods()).length, { timeout: 60_000 }).toBe(5);
  const before = await versions();
  expect(Object.keys(before).length).toBeGreaterThan(40);
  await system.kubectl('rollout', 'restart', 'deployment/mad-operator');
  await system.kubectl('rollout', 'status', 'deployment/mad-operator', '--timeout=60s');
  await expect.poll(() => operatorLogs(system), { timeout: 60_000 }).toContain('Leading');
  await new Promise((resolve) => setTimeout(resolve, STEADY_MS));
  expect(await versions()).toEqual(before);
  figure('nothing was written', { seconds: STEADY_MS / 1000, objects: Object.keys(before).length });
});

test('with its own NetworkPolicy it works, and is read by Prometheus alone', async () => {
  const on = 'networkPolicy.enabled=true,service.enabled=true';
  const flags = ['--reuse-values', '--set', on, '--wait', '--timeout', '120s'];
  await system.helm('upgrade', 'mad-operator', CHART, ...flags);
  const image = await scene.ns.kubectl('get', 'pod/fiedler-0', '-o', 'jsonpath={.spec.containers[0].image}');
  const command = ['node', '-e', 'setInterval(() => {}, 1e6); process.on("SIGTERM", () => process.exit())'];
  const pod = (name: string) => {
    const labels = { 'app.kubernetes.io/name': name };
    return restrictedPod({ name, labels, image, command });
  };
  await system.apply(pod('prometheus'), pod('foreigner'));
  await system.kubectl('wait', '--for=condition=Ready', 'pod/prometheus', 'pod/foreigner', '--timeout=60s');
  const connect = (from: string): Promise<string> => connectFrom(system, from, 'mad-operator', 9464);
  // NetworkPolicies take a moment to know a new pod.
  await expect.poll(() => connect('prometheus'), { timeout: 60_000 }).toBe('open');
  expect(await connect('foreigner')).toMatch(REFUSED);
  await scene.ns.kubectl('delete', 'service', 'grace');
  await expect
    .poll(() => scene.ns.kubectl('get', 'service/grace', '-o', 'name', '--ignore-not-found'))
    .not.toBe('');
});

test('a deleted group leaves its claims alone', async () => {
  await scene.ns.kubectl('delete', 'mg/demo');
  await expect.poll(() => scene.ns.kubectl('get', 'pods', '-o', 'name'), { timeout: 120_000 }).toBe('');
  expect((await scene.ns.kubectl('get', 'pvc', '-o', 'name')).trim().split('\n')).toHaveLength(3);
});
