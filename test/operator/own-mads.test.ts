// MADs of one's own in a group, at a real API server: what is made of them, and what goes with them.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Scene, startScene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterEach(() => scene.stopOperator());
afterAll(() => scene?.stop());

const LIBRARIAN = { name: 'librarian', image: 'librarian:1.2' };
const HISTORIAN = {
  name: 'historian',
  image: 'registry.example/historian:2',
  storage: { size: '5Gi' },
  replicas: 2,
  values: { config: { SHELF: 'oak' } },
};
const FOUR = ['grace', 'fiedler', 'rogers', 'sequential-thinking'].map((name) => ({ name }));

test('are made beside the four, verified with them, and go when they are no longer declared', async () => {
  await scene.start({
    verify: async () => ({ problems: [], versions: { librarian: '1.2.0' }, isHeard: true }),
  });
  const group = await scene.createGroup({
    mads: [...FOUR, LIBRARIAN, HISTORIAN],
    images: { registry: 'mirror.example' },
  });
  await group.untilMade();
  expect(await group.names()).toEqual(
    expect.arrayContaining([
      'Deployment/librarian',
      'NetworkPolicy/librarian',
      'PodDisruptionBudget/librarian',
      'Service/librarian',
      'ServiceAccount/librarian',
      'StatefulSet/historian',
    ]),
  );
  const image = '.spec.template.spec.containers[0].image';
  expect(await group.field('deployment/librarian', image)).toBe('mirror.example/librarian:1.2');
  expect(await group.field('statefulset/historian', image)).toBe('registry.example/historian:2');
  expect(await group.field('deployment/grace', image)).toBe('mirror.example/mad/grace:0.1.0');
  expect(await group.field('service/librarian', '.spec.ports[0].port')).toBe('8010');
  const claim = '.spec.volumeClaimTemplates[0].spec.resources.requests.storage';
  expect(await group.field('statefulset/historian', claim)).toBe('5Gi');

  await group.pretendReady();
  await group.kubectl(
    'patch',
    'statefulset/historian',
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status: { replicas: 2, readyReplicas: 2, updatedReplicas: 2 } }),
  );
  await expect.poll(async () => (await group.condition('Verified'))?.status).toBe('True');
  expect(await group.field('mg/demo', '.status.ready')).toBe('6/6');
  const told = '.status.mads[?(@.name=="librarian")]';
  expect(await group.field('mg/demo', `${told}.endpoint`)).toBe(
    `http://librarian.${group.namespace}:8010/mcp`,
  );
  expect(await group.field('mg/demo', `${told}.version`)).toBe('1.2.0');

  await group.kubectl('patch', 'mg/demo', '--type=merge', '-p', JSON.stringify({ spec: { mads: FOUR } }));
  await expect.poll(async () => (await group.names()).join(' ')).not.toMatch(/librarian|historian/);
});

test('keep a number of replicas that nobody has declared to an autoscaler', async () => {
  await scene.start();
  const group = await scene.createGroup({ mads: [...FOUR, LIBRARIAN] });
  await group.untilMade();
  await group.kubectl('scale', 'deployment/librarian', '--replicas=3');
  // A pass has come by when this is back.
  await group.kubectl('delete', 'service/librarian');
  await expect.poll(() => group.names()).toContain('Service/librarian');
  expect(await group.field('deployment/librarian', '.spec.replicas')).toBe('3');
});

test('may be all that a group has', async () => {
  await scene.start();
  const group = await scene.createGroup({ mads: [LIBRARIAN] });
  await expect.poll(() => group.names(), { timeout: 60_000 }).toContain('Deployment/librarian');
  expect((await group.names()).filter((name) => /Deployment|Set/.test(name))).toEqual([
    'Deployment/librarian',
    'StatefulSet/redis',
  ]);
});
