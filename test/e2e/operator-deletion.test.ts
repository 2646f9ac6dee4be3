// A group ends in whatever state it is deleted, and what it leaves is what was asked for.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TestNamespace } from '../kit/cluster.ts';
import {
  createScene,
  installOperator,
  LIGHT,
  OWNED,
  operatorLogs,
  removeOperator,
  type Scene,
} from './operator-scene.ts';

const ENDS_WITHIN_MS = 120_000;
let system: TestNamespace | undefined;
const scenes: Scene[] = [];
const SMALL = { mads: [{ name: 'grace', ...LIGHT }] };
/** Groups that run before they are deleted. */
const ALL = ['later', 'paused', 'retain', 'drop', 'foreground', 'orphans', 'namespace', 'alone'];
const groups = new Map<string, Scene>();
const of = (name: string): Scene => groups.get(name) as Scene;

beforeAll(async () => {
  system = await installOperator();
});
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail' || system === undefined) return;
  for (const scene of scenes) console.error(await scene.describe());
  console.error(await operatorLogs(system));
});
afterAll(async () => {
  for (const { ns } of scenes) await ns.tryKubectl('delete', 'namespace', ns.name, '--wait=false');
  await removeOperator(system);
});

async function add(spec: object, annotations: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const scene = await createScene('mad-deletion');
  scenes.push(scene);
  await scene.apply(spec, annotations);
  return scene;
}
/** What is left in a namespace of what belongs to a group; claims apart. */
const left = async ({ ns }: Scene): Promise<string> => {
  const owned = await ns.kubectl('get', `mg,${OWNED}`, '-l', 'mads.dev/group=demo', '-o=name');
  const made = await ns.kubectl(
    'get',
    'pods,replicasets',
    '-l',
    'app.kubernetes.io/part-of=mad-group',
    '-o=name',
  );
  return owned + made;
};
const claims = async ({ ns }: Scene): Promise<string[]> =>
  (await ns.kubectl('get', 'pvc', '-o=jsonpath={.items[*].metadata.name}')).split(' ').filter(Boolean);
const remove = (scene: Scene, ...flags: string[]): Promise<string> =>
  scene.ns.kubectl('delete', 'mg/demo', '--timeout=60s', ...flags);
const untilGone = async (...gone: readonly Scene[]): Promise<void> => {
  for (const scene of gone) await expect.poll(() => left(scene), { timeout: ENDS_WITHIN_MS }).toBe('');
};

describe('deleted', () => {
  test('as soon as it was made, and while it rolls out', async () => {
    const [atOnce, rolling] = [await add(SMALL), await add(SMALL)];
    await remove(atOnce);
    await expect.poll(() => left(rolling)).toContain('statefulset.apps/redis');
    expect(await rolling.status('Available')).not.toBe('True');
    await remove(rolling);
    // For the steps to come.
    for (const name of ALL) {
      groups.set(name, await add(name === 'drop' ? { ...SMALL, dataPolicy: 'Delete' } : SMALL));
    }
    await untilGone(atOnce, rolling);
    await Promise.all([...groups.values()].map((scene) => scene.untilVerified(180_000)));
  });

  test('while it is not accepted, and while it is paused', async () => {
    const never = await add({ ...SMALL, bus: { passwordSecretRef: { name: 'not-there' } } });
    const [later, paused] = [of('later'), of('paused')];
    await later.patch({ mads: [{ name: 'grace', ...LIGHT, values: { nonsense: true } }] });
    await paused.annotate('mads.dev/paused=true');
    await expect.poll(() => never.status('Accepted')).toBe('False');
    await expect.poll(() => later.status('Accepted')).toBe('False');
    await expect.poll(async () => (await paused.condition('Progressing'))?.reason).toBe('Paused');
    for (const scene of [never, later, paused]) await remove(scene);
    await untilGone(never, later, paused);
  });

  test('with dataPolicy Retain and Delete, in the background and in the foreground', async () => {
    const [retain, drop, foreground] = [of('retain'), of('drop'), of('foreground')];
    await remove(retain);
    await remove(drop);
    await remove(foreground, '--cascade=foreground');
    await untilGone(retain, drop, foreground);
    expect(await claims(retain)).toEqual(['data-redis-0']);
    expect(await claims(foreground)).toEqual(['data-redis-0']);
    await expect.poll(() => claims(drop)).toEqual([]);
    // What was kept is taken up by the next group of that name.
    const claim = await retain.ns.kubectl('get', 'pvc/data-redis-0', '-o=jsonpath={.metadata.uid}');
    await retain.apply(SMALL);
    await retain.untilVerified();
    expect(await retain.ns.kubectl('get', 'pvc/data-redis-0', '-o=jsonpath={.metadata.uid}')).toBe(claim);
  });

  test('without what it owns, which the next group of that name takes up as it runs', async () => {
    const scene = of('orphans');
    const [pods, owned] = [await scene.pods(), await scene.owned()];
    await remove(scene, '--cascade=orphan');
    await scene.apply(SMALL);
    await scene.untilVerified();
    expect(await scene.pods()).toEqual(pods);
    expect([...(await scene.owned()).keys()]).toEqual([...owned.keys()]);
    await remove(scene);
    await untilGone(scene);
  });

  test('with its namespace, and while the operator is away', async () => {
    const { ns } = of('namespace');
    await ns.kubectl('delete', 'namespace', ns.name, '--timeout=120s');
    const operator = system as TestNamespace;
    await operator.kubectl('scale', 'deployment/mad-operator', '--replicas=0');
    await expect.poll(() => operator.kubectl('get', 'pods', '-o=name'), { timeout: 60_000 }).toBe('');
    await remove(of('alone'));
    await untilGone(of('alone'));
  });
});
