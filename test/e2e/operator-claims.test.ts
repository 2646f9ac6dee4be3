// Claims of a group: grown where their class lets them, and told of where it does not.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { TestNamespace } from '../kit/cluster.ts';
import { figure } from '../kit/scale.ts';
import {
  copyDefaultClass,
  createScene,
  installOperator,
  LIGHT,
  operatorLogs,
  removeOperator,
  type Scene,
} from './operator-scene.ts';

const [GROWS, FIXED] = ['mad-e2e-grows', 'mad-e2e-fixed'] as const;
let system: TestNamespace | undefined;
let [grows, fixed]: Scene[] = [];
const spec = (storageClass: string, size: string) => ({
  bus: { storage: { storageClass, size } },
  mads: [{ name: 'grace', ...LIGHT }],
});

beforeAll(async () => {
  system = await installOperator();
  await copyDefaultClass(GROWS, { allowVolumeExpansion: true });
  await copyDefaultClass(FIXED, { allowVolumeExpansion: false });
  grows = await createScene('mad-grows');
  fixed = await createScene('mad-fixed');
  await grows.apply(spec(GROWS, '1Gi'));
  await fixed.apply(spec(FIXED, '1Gi'));
  for (const scene of [grows, fixed]) await scene.untilVerified();
});
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail' || system === undefined) return;
  console.error(await grows?.describe(), await fixed?.describe(), await operatorLogs(system));
});
afterAll(async () => {
  for (const scene of [grows, fixed]) await scene?.ns.delete();
  await removeOperator(system, GROWS, FIXED);
});

const at = ({ ns }: Scene, object: string, path: string): Promise<string> =>
  ns.kubectl('get', object, `-o=jsonpath={${path}}`, '--ignore-not-found');
const requested = (scene: Scene): Promise<string> =>
  at(scene, 'pvc/data-redis-0', '.spec.resources.requests.storage');
const declared = (scene: Scene): Promise<string> =>
  at(scene, 'statefulset/redis', '.spec.volumeClaimTemplates[0].spec.resources.requests.storage');
const setUid = (scene: Scene): Promise<string> => at(scene, 'statefulset/redis', '.metadata.uid');

test('a larger size grows the claim, and the pod runs on', async () => {
  const scene = grows as Scene;
  const [pods, set] = [await scene.pods(), await setUid(scene)];
  const startedMs = performance.now();
  await scene.apply(spec(GROWS, '2Gi'));
  await expect.poll(() => declared(scene)).toBe('2Gi');
  expect(await requested(scene)).toBe('2Gi');
  const tookMs = Math.round(performance.now() - startedMs);
  await scene.untilVerified();
  expect(await setUid(scene)).not.toBe(set);
  expect(await scene.pods()).toEqual(pods);
  // To make the volume itself larger is the storage driver's part, which not every cluster has.
  const capacity = await at(scene, 'pvc/data-redis-0', '.status.capacity.storage');
  figure('a claim grows', { asked_for: await requested(scene), after_ms: tookMs, capacity });
});

test.each([
  [
    'a larger size than its class allows',
    '2Gi',
    'ClaimCannotGrow',
    /data-redis-0 cannot become 2Gi large: .*resize/,
  ],
  ['a smaller size', '512Mi', 'ClaimCannotShrink', /data-redis-0 was made with 1Gi: a claim only grows/],
])(
  '%s is not accepted, nothing is touched, and there is a way back',
  async (_what, size, reason, message) => {
    const scene = fixed as Scene;
    const [pods, set] = [await scene.pods(), await setUid(scene)];
    await scene.apply(spec(FIXED, size));
    await expect
      .poll(() => scene.condition('Accepted'))
      .toMatchObject({ status: 'False', reason, message: expect.stringMatching(message) });
    console.log(await scene.message('Accepted'));
    expect([await requested(scene), await declared(scene), await setUid(scene)]).toEqual(['1Gi', '1Gi', set]);
    expect(await scene.status('Available')).toBe('True');
    await scene.apply(spec(FIXED, '1Gi'));
    await scene.untilVerified();
    expect(await scene.pods()).toEqual(pods);
  },
);

test('another class is not accepted, and what the message says makes it so', async () => {
  const scene = fixed as Scene;
  await scene.apply(spec(GROWS, '1Gi'));
  await expect
    .poll(() => scene.condition('Accepted'))
    .toMatchObject({ status: 'False', reason: 'ClaimCannotMove' });
  const [, command = ''] = /kubectl (delete \S+ \S+)/.exec(await scene.message('Accepted')) ?? [];
  await scene.ns.kubectl(...command.split(' '));
  await expect.poll(() => at(scene, 'pvc/data-redis-0', '.spec.storageClassName')).toBe(GROWS);
  await scene.untilVerified();
});
