// What stays as it is costs the API server nothing: counted by its own audit log.
import { silentLogger } from '@mad-group/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDeadlines } from '../../services/operator/src/cluster/api-clients.ts';
import { createLease } from '../../services/operator/src/cluster/lease.ts';
import { figure, scaled } from '../kit/scale.ts';
import { kubeconfigOf } from './operator-process.ts';
import { kubeconfigAt, type Scene, startScene } from './scene.ts';

/** Of the issue that asked for it; the short form holds the look that comes each minute. */
const STEADY_MS = scaled({ short: 70_000, full: 300_000 });
const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const ACCOUNT = { name: 'counted', namespace: 'default' };
const USER = `system:serviceaccount:${ACCOUNT.namespace}:${ACCOUNT.name}`;
let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  await scene.kubectl('create', 'serviceaccount', ACCOUNT.name);
  const binding = ['--clusterrole=cluster-admin', `--serviceaccount=${ACCOUNT.namespace}:${ACCOUNT.name}`];
  await scene.kubectl('create', 'clusterrolebinding', ACCOUNT.name, ...binding);
});
afterAll(() => scene?.stop());

test(`in ${STEADY_MS / 1000} s nothing but the Lease is written, whatever state groups stay in`, {
  timeout: STEADY_MS + 120_000,
}, async () => {
  const kubeconfig = kubeconfigAt(await kubeconfigOf(scene.server, ACCOUNT));
  const lease = createLease({
    kubeconfig: withDeadlines(kubeconfig),
    namespace: 'default',
    name: 'mad-operator',
    holder: 'counted',
    log: silentLogger,
    onLost: () => expect.unreachable('the lease was lost'),
  });
  await lease.acquire(AbortSignal.timeout(10_000));
  await scene.start({ kubeconfig, mayWrite: () => lease.isHeld() });
  const [healthy, unready, refused, paused] = await Promise.all([
    scene.createGroup(),
    scene.createGroup(),
    scene.createGroup({ bus: { passwordSecretRef: { name: 'not-there' } } }),
    scene.createGroup({}, { annotations: { 'mads.dev/paused': 'true' } }),
  ]);
  await healthy.untilMade();
  await healthy.pretendReady();
  await expect.poll(async () => (await healthy.condition('Verified'))?.status).toBe('True');
  await unready.untilMade();
  await expect.poll(async () => (await refused.condition('Accepted'))?.reason).toBe('SecretMissing');
  await expect.poll(async () => (await paused.condition('Progressing'))?.reason).toBe('Paused');
  const written = () =>
    scene.server
      .requests()
      .filter(({ user, verb }) => user.username === USER && WRITES.includes(verb))
      .map(({ verb, objectRef, requestURI }) => ({ verb, resource: objectRef?.resource, requestURI }));
  // Events of the last change may be on their way.
  await expect.poll(() => settled(written), { timeout: 30_000 }).toBe(true);

  const before = written().length;
  await new Promise((resolve) => setTimeout(resolve, STEADY_MS));
  const during = written().slice(before);
  const leases = during.filter(({ resource }) => resource === 'leases');
  figure('steady', {
    seconds: STEADY_MS / 1000,
    leases: leases.length,
    others: during.length - leases.length,
  });
  expect(during.filter(({ resource }) => resource !== 'leases')).toEqual([]);
  // The log has what was written: the Lease goes on.
  expect(leases.length).toBeGreaterThan(STEADY_MS / 10_000);
  await lease.release();
});

/** Whether nothing but Leases was written for two seconds. */
async function settled(written: () => { readonly resource: string | undefined }[]): Promise<boolean> {
  const others = (): number => written().filter(({ resource }) => resource !== 'leases').length;
  const before = others();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  return others() === before;
}
