// A release of the charts as they were packed first becomes a group: what did not change is not touched.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { run } from '../kit/process.ts';
import { type GroupScene, type Scene, startScene } from './scene.ts';

const PACKED = 'test/fixtures/mad-group-0.1.0.tgz';
let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterEach(() => scene.stopOperator());
afterAll(() => scene?.stop());

async function install(...values: string[]): Promise<string> {
  const namespace = await scene.newNamespace();
  const args = ['install', 'demo', PACKED, '-n', namespace, '--kubeconfig', scene.server.kubeconfig];
  const { code, stderr } = await run('helm', [...args, ...values], scene.server.env);
  expect(code, stderr).toBe(0);
  return namespace;
}

const WORKLOADS = ['statefulset/redis', 'statefulset/fiedler', 'statefulset/rogers', 'deployment/grace'];
/** What the charts say otherwise since they were packed: that alone makes pods anew, once. */
const SINCE_PACKED = [
  '"terminationMessagePolicy":"File"',
  '"terminationMessagePolicy":"FallbackToLogsOnError"',
] as const;
/** UID and pod template of each workload: where neither changes, no pod is made anew. */
const podsOf = async ({ field }: GroupScene): Promise<string[]> => {
  const fields = WORKLOADS.flatMap((name) => [field(name, '.metadata.uid'), field(name, '.spec.template')]);
  return (await Promise.all(fields)).map((text) => text.replaceAll(...SINCE_PACKED));
};
const secretsOf = ({ field }: GroupScene): Promise<string[]> =>
  Promise.all([
    field('secret/redis-auth', '.data.password'),
    field('secret/demo-callers', '.data.admin'),
    field('secret/demo-callers', '.data.bob'),
  ]);
const CALLERS = ['--set', 'callers[0].name=bob,callers[0].scopes={read}'];
const BOB = { callers: [{ name: 'bob', scopes: ['read'] }] };
const HANDED_OVER = { 'mads.dev/adopt': 'demo' };

test('a release that is handed over keeps its pods, its secrets and its claims', async () => {
  const namespace = await install(...CALLERS);
  await scene.start();
  const group = await scene.createGroup(BOB, { namespace });
  // Not without a word: Helm believes them to be its own.
  await expect
    .poll(() => group.condition('Accepted'), { timeout: 30_000 })
    .toMatchObject({ reason: 'NameTaken', message: expect.stringContaining('mads.dev/adopt=demo') });
  const [pods, secrets] = [await podsOf(group), await secretsOf(group)];
  expect([...pods, ...secrets]).not.toContain('');

  await group.kubectl('annotate', 'mg/demo', 'mads.dev/adopt=demo');
  await expect
    .poll(async () => (await group.condition('Accepted'))?.status, { timeout: 30_000 })
    .toBe('True');
  expect(await podsOf(group)).toEqual(pods);
  expect(await group.field('statefulset/redis', '.spec.template')).toContain(SINCE_PACKED[1]);
  expect(await secretsOf(group)).toEqual(secrets);
  for (const name of [...WORKLOADS, 'service/grace', 'secret/redis-auth', 'secret/demo-callers']) {
    expect(await group.field(name, '.metadata.ownerReferences[*].kind'), name).toBe('MadGroup');
  }
  await group.pretendReady();
  await expect.poll(async () => (await group.condition('Verified'))?.status).toBe('True');
});

test('what the group says otherwise than the release changes, and that alone', async () => {
  const namespace = await install(...CALLERS, '--set', 'rogers.persistence.size=1Gi');
  await scene.start();
  const mads = [
    { name: 'grace', resources: { limits: { memory: '300Mi' } } },
    { name: 'fiedler' },
    { name: 'sequential-thinking' },
  ];
  const before = await podsOf(scene.groupIn(namespace));
  const group = await scene.createGroup({ ...BOB, mads }, { namespace, annotations: HANDED_OVER });
  await expect
    .poll(async () => (await group.condition('Accepted'))?.status, { timeout: 30_000 })
    .toBe('True');
  const after = await podsOf(group);
  const changed = WORKLOADS.filter(
    (_name, i) => before.slice(2 * i, 2 * i + 2).join() !== after.slice(2 * i, 2 * i + 2).join(),
  );
  expect(changed).toEqual(['deployment/grace']);
});

test('a group of another name than its release is told so, and nothing is touched', async () => {
  const namespace = await install();
  await scene.start();
  const group = await scene.createGroup({}, { namespace, name: 'other', annotations: HANDED_OVER });
  await expect
    .poll(() => group.condition('Accepted'), { timeout: 30_000 })
    .toMatchObject({ reason: 'AdoptionRefused', message: expect.stringContaining('called demo') });
  expect(await group.names()).toEqual([]);
});
