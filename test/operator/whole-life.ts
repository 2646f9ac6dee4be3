import { expect } from 'vitest';
import type { Kubectl } from './kubectl.ts';

const BIG_ENOUGH = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'grows' },
  provisioner: 'example/none',
  allowVolumeExpansion: true,
};

const group = (spec: object) => ({
  apiVersion: 'mads.dev/v1alpha1',
  kind: 'MadGroup',
  metadata: { name: 'demo' },
  spec,
});
const bus = (size: string) => ({ storage: { size, storageClass: 'grows' } });
const MADS = [
  {
    name: 'grace',
    values: {
      ingress: { enabled: true, host: 'grace.example' },
      httpRoute: { enabled: true, parentRefs: [{ name: 'public' }], hostnames: ['grace.example'] },
    },
  },
  { name: 'fiedler', values: { imperator: 'You are Fiedler.' } },
  { name: 'rogers' },
  { name: 'sequential-thinking' },
];

/**
 * What can happen to a group, from its first day to its last, at an API server where the operator
 * runs, and the kinds of others are that the charts can make: each kind is made, changed and taken back,
 * a claim grows, secrets are rotated. What kubelet and Kubernetes' controllers would do is done here.
 */
export async function liveThrough(kubectl: Kubectl, namespace: string): Promise<void> {
  const inside = ['-n', namespace];
  const apply = (spec: object): Promise<void> => kubectl.apply(group(spec), ...inside);
  const field = (object: string, path: string): Promise<string> =>
    kubectl('get', object, ...inside, '-o', `jsonpath={${path}}`, '--ignore-not-found');
  const until = async (object: string, path: string, expected: unknown): Promise<void> => {
    await expect.poll(() => field(object, path), { timeout: 60_000, message: object }).toEqual(expected);
  };
  const isThere = expect.stringMatching(/./);

  await kubectl.apply(BIG_ENOUGH);
  await apply({ bus: bus('1Gi'), mads: MADS });
  await until('statefulset/rogers', '.metadata.uid', isThere);
  for (const made of ['ingress/grace', 'httproute/grace', 'servicemonitor/grace']) {
    await until(made, '.metadata.uid', isThere);
  }
  await until('mg/demo', '.status.conditions[?(@.type=="Accepted")].status', 'True');

  // A claim grows: its StatefulSet goes, without its pods, and comes again.
  await makeClaim(kubectl, namespace, 'data-redis-0', '1Gi');
  const uid = await field('statefulset/redis', '.metadata.uid');
  await apply({ bus: bus('2Gi'), mads: MADS });
  await until('pvc/data-redis-0', '.spec.resources.requests.storage', '2Gi');
  await until('statefulset/redis', '.metadata.finalizers[0]', 'orphan');
  await kubectl(
    'patch',
    'statefulset/redis',
    ...inside,
    '--type=merge',
    '-p',
    '{"metadata": {"finalizers": null}}',
  );
  await until('statefulset/redis', '.metadata.uid', expect.not.stringMatching(`^(${uid})?$`));

  const password = await field('secret/redis-auth', '.data.password');
  await kubectl('annotate', 'mg/demo', ...inside, 'mads.dev/rotate=1');
  await until('secret/redis-auth', '.data.password', expect.not.stringMatching(`^(${password})?$`));

  // What is declared no more goes: two MADs with all they have, and a Secret.
  await apply({
    bus: { ...bus('2Gi'), passwordSecretRef: { name: 'given' } },
    mads: MADS.filter(({ name }) => name !== 'grace' && name !== 'fiedler'),
  });
  // An Event tells of a Secret that is not there; it is taken up when it is.
  await until('mg/demo', '.status.conditions[?(@.type=="Accepted")].reason', 'SecretMissing');
  await kubectl('create', 'secret', 'generic', 'given', ...inside, '--from-literal=password=given');
  const graces = ['deployment/grace', 'ingress/grace', 'httproute/grace', 'servicemonitor/grace'];
  for (const gone of [...graces, 'statefulset/fiedler', 'configmap/fiedler', 'secret/redis-auth']) {
    await until(gone, '.metadata.uid', '');
  }
  await kubectl('delete', 'mg/demo', ...inside);
}

/** As the controllers of StatefulSets and of volumes leave it: bound, so that it may grow. */
async function makeClaim(kubectl: Kubectl, namespace: string, name: string, size: string): Promise<void> {
  const inside = ['-n', namespace];
  const resources = { requests: { storage: size } };
  await kubectl.apply(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'grows', volumeName: name, resources },
    },
    ...inside,
  );
  const bound = JSON.stringify({ status: { phase: 'Bound', capacity: { storage: size } } });
  await kubectl('patch', `pvc/${name}`, ...inside, '--subresource=status', '--type=merge', '-p', bound);
}
