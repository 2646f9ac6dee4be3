import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestNamespace } from '../kit/cluster.ts';
import { ROOT } from '../kit/process.ts';
import { restrictedPod } from '../kit/restricted-pod.ts';

const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string;
};

/** From now on the operator of a namespace reaches the API server through a pod that can be taken away. */
export async function leadThroughForwarder(system: TestNamespace): Promise<void> {
  const name = 'forwarder';
  const source = readFileSync(join(import.meta.dirname, 'forwarder-main.ts'), 'utf8');
  const labels = { 'e2e/pod': name };
  const pod = restrictedPod({
    name,
    labels,
    image: `mad/grace:${VERSION}`,
    command: ['node', '--input-type=module-typescript', '-e', source],
  });
  const spec = {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: pod.metadata, spec: pod.spec },
  };
  await system.apply(
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports: [{ port: 6443 }] },
    },
  );
  const ip = await system.kubectl('get', 'service/forwarder', '-o=jsonpath={.spec.clusterIP}');
  // A name that the API server's certificate has on every cluster.
  const host = 'kubernetes.default.svc';
  const env = [
    { name: 'KUBERNETES_SERVICE_HOST', value: host },
    { name: 'KUBERNETES_SERVICE_PORT', value: '6443' },
  ];
  const patch = { hostAliases: [{ ip, hostnames: [host] }], containers: [{ name: 'operator', env }] };
  const body = JSON.stringify({ spec: { template: { spec: patch } } });
  await system.kubectl('patch', 'deployment/mad-operator', '-p', body);
  await system.kubectl('rollout', 'status', 'deployment/forwarder', '--timeout=60s');
  await system.kubectl('rollout', 'status', 'deployment/mad-operator', '--timeout=60s');
}

/** Takes it away, so that connections are refused, and brings it back. */
export const scaleForwarder = (system: TestNamespace, replicas: 0 | 1): Promise<unknown> =>
  system.kubectl('scale', 'deployment/forwarder', `--replicas=${replicas}`);

/** Has it fall silent, or speak again; connections of before stay dead. */
export const toggleForwarder = (system: TestNamespace): Promise<unknown> =>
  system.kubectl('exec', 'deployment/forwarder', '--', 'node', '-e', 'process.kill(1, "SIGUSR2")');
