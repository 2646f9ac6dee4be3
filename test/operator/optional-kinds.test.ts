// Kinds of others, which a cluster may have or not: a group has them where they are, says so where they
// are not, and takes no harm when they come and go.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HTTP_ROUTE, SERVICE_MONITOR } from './foreign-kinds.ts';
import type { Kubectl } from './kubectl.ts';
import { type Scene, startScene } from './scene.ts';

/** The operator looks every 20 s which kinds there are. */
const SEEN_WITHIN_MS = 60_000;
let scene: Scene;
let kubectl: Kubectl;

beforeAll(async () => {
  scene = await startScene();
  kubectl = scene.kubectl;
  await scene.start();
});
afterAll(() => scene?.stop());

const applyGroup = async (namespace: string, values: object): Promise<void> => {
  await kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await scene.createGroup({ mads: [{ name: 'grace', values }] }, { namespace });
};
const accepted = (namespace: string) => scene.groupIn(namespace).condition('Accepted');
const untilAccepted = (namespace: string, expected: object): Promise<void> =>
  expect.poll(() => accepted(namespace), { timeout: SEEN_WITHIN_MS }).toMatchObject(expected);
/** UID of an object; nothing where there is none. */
const uid = (object: string, namespace: string): Promise<string> =>
  scene.groupIn(namespace).field(object, '.metadata.uid');

test('a ServiceMonitor comes with its kind, is kept, goes with its value, and may vanish with its kind', {
  timeout: 300_000,
}, async () => {
  await applyGroup('plain', {});
  await applyGroup('asking', { serviceMonitor: { enabled: true } });
  // Nobody has asked: it is not missed.
  await untilAccepted('plain', { status: 'True' });
  await untilAccepted('asking', {
    status: 'False',
    reason: 'KindMissing',
    message:
      'The values of grace ask for a ServiceMonitor, and this cluster has no ServiceMonitor of monitoring.coreos.com/v1: ' +
      'install the CRDs of the Prometheus Operator, or take serviceMonitor.enabled out.',
  });

  await kubectl.apply(SERVICE_MONITOR);
  await untilAccepted('asking', { status: 'True' });
  for (const namespace of ['plain', 'asking']) {
    const is = expect.poll(() => uid('servicemonitor/grace', namespace), { timeout: SEEN_WITHIN_MS });
    await is.toMatch(/./);
  }
  const owner = await scene
    .groupIn('plain')
    .field('servicemonitor/grace', '.metadata.ownerReferences[0].kind');
  expect(owner).toBe('MadGroup');

  // Watched: a deleted one is back.
  const before = await uid('servicemonitor/grace', 'plain');
  await kubectl('delete', 'servicemonitor/grace', '-n', 'plain');
  await expect.poll(() => uid('servicemonitor/grace', 'plain')).toMatch(/./);
  expect(await uid('servicemonitor/grace', 'plain')).not.toBe(before);

  await applyGroup('plain', { serviceMonitor: { enabled: false } });
  await expect.poll(() => uid('servicemonitor/grace', 'plain')).toBe('');

  await kubectl('delete', 'crd', SERVICE_MONITOR.metadata.name);
  await untilAccepted('asking', { status: 'False', reason: 'KindMissing' });
  await untilAccepted('plain', { status: 'True' });
  // And all else goes on.
  await kubectl('delete', 'service/grace', '-n', 'plain');
  await expect.poll(() => uid('service/grace', 'plain')).toMatch(/./);
});

test('an HTTPRoute is made where a gateway’s kinds are', { timeout: 120_000 }, async () => {
  await kubectl.apply(HTTP_ROUTE);
  const httpRoute = { enabled: true, parentRefs: [{ name: 'public' }], hostnames: ['grace.example'] };
  await applyGroup('routed', { httpRoute });
  await untilAccepted('routed', { status: 'True' });
  await expect
    .poll(() => scene.groupIn('routed').field('httproute/grace', '.spec.hostnames'))
    .toBe('["grace.example"]');
  await applyGroup('routed', { httpRoute: { enabled: false } });
  await expect.poll(() => uid('httproute/grace', 'routed')).toBe('');
});
