// A release of the charts as they were packed first, at work, becomes a group of a new operator.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { TestNamespace } from '../kit/cluster.ts';
import { createScene, installOperator, operatorLogs, removeOperator, type Scene } from './operator-scene.ts';

const PACKED = 'test/fixtures/mad-group-0.1.0.tgz';
let system: TestNamespace | undefined;
let scene: Scene;
let before: { readonly pods: string[]; readonly token: string; readonly task: string };

const ask = async (prompt: string): Promise<{ task_id: string; response: string }> => {
  const { code, stdout, stderr } = await scene.ns.exec(
    'fiedler-0',
    'mad-cli',
    'fiedler_ask',
    `prompt=${prompt}`,
  );
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
};
const tokenOfAdmin = (): Promise<string> =>
  scene.ns.kubectl('get', 'secret/demo-callers', '-o', 'jsonpath={.data.admin}');

beforeAll(async () => {
  system = await installOperator();
  scene = await createScene('mad-takeover');
  await scene.ns.helm('install', 'demo', PACKED, '--wait', '--timeout', '180s');
  const { task_id } = await ask('System check, please respond with OK.');
  before = { pods: await scene.pods(), token: await tokenOfAdmin(), task: task_id };
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail' && system)
    console.error(await scene.describe(), await operatorLogs(system));
});
afterAll(async () => {
  await scene?.ns.tryKubectl('delete', 'mg', '--all', '--timeout=60s');
  await scene?.ns.delete();
  await removeOperator(system);
});

test('without a word the release stays Helm’s, and the message says the word', async () => {
  await scene.apply();
  await expect.poll(() => scene.message('Accepted')).toContain('mads.dev/adopt=demo');
  expect(await scene.pods()).toEqual(before.pods);
});

test('handed over it is verified, with the claims, tokens and tasks that it had', async () => {
  const claims = (): Promise<string> =>
    scene.ns.kubectl('get', 'pvc', '-o', 'jsonpath={.items[*].metadata.uid}');
  const had = await claims();
  await scene.annotate('mads.dev/adopt=demo');
  // The charts have changed since: each pod is made anew, once.
  const left = async (): Promise<string[]> => (await scene.pods()).filter((uid) => before.pods.includes(uid));
  await expect.poll(left, { timeout: 180_000 }).toEqual([]);
  await scene.untilVerified();
  await expect.poll(async () => (await scene.pods()).length, { timeout: 60_000 }).toBe(before.pods.length);
  before = { ...before, pods: await scene.pods() };
  expect(await claims()).toBe(had);
  expect(await tokenOfAdmin()).toBe(before.token);
  const status = await scene.ns.exec(
    'fiedler-0',
    'mad-cli',
    'fiedler_get_task_status',
    `task_id=${before.task}`,
  );
  expect(JSON.parse(status.stdout)).toMatchObject({ status: 'COMPLETED' });
  expect((await ask('System check, please respond with OK.')).response).toContain('OK');
});

test('Helm’s record is forgotten, and the group stays', async () => {
  await scene.ns.kubectl('delete', 'secret', '-l', 'owner=helm,name=demo');
  expect(await scene.ns.helm('list', '--short')).toBe('');
  await scene.untilVerified();
  expect(await scene.pods()).toEqual(before.pods);
});

test('what is declared otherwise now restarts what it concerns, and nothing else', async () => {
  const kept = before.pods.length - 1;
  await scene.patch({
    mads: [
      { name: 'grace', resources: { limits: { memory: '300Mi' } } },
      ...['fiedler', 'rogers', 'sequential-thinking'].map((name) => ({ name })),
    ],
  });
  const keptPods = async (): Promise<number> =>
    (await scene.pods()).filter((uid) => before.pods.includes(uid)).length;
  await expect.poll(keptPods, { timeout: 120_000 }).toBe(kept);
  await scene.untilVerified();
  expect(await keptPods()).toBe(kept);
});
