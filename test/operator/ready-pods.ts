import { AppsV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { silentLogger } from '@mad-group/protocol';
import { createLastingWatch } from '../../services/operator/src/cluster/lasting-watch.ts';
import { createPlainObjects } from '../../services/operator/src/cluster/plain-objects.ts';
import type { ApiServer } from '../kit/api-server.ts';
import { kubeconfigAt } from './scene.ts';

/** Says of every workload at once, as kubelet and controllers would, that its pods run. */
export async function keepReady(server: ApiServer): Promise<{ stop(): Promise<void> }> {
  const kubeconfig = kubeconfigAt(server.kubeconfig);
  const apps = kubeconfig.makeApiClient(AppsV1Api);
  const objects = createPlainObjects(kubeconfig);
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  const failures: unknown[] = [];
  const watches = (['StatefulSet', 'Deployment'] as const).map((kind) =>
    createLastingWatch({
      kubeconfig,
      objects,
      log: silentLogger,
      type: { apiVersion: 'apps/v1', kind, plural: `${kind.toLowerCase()}s` },
      onChange({ metadata, spec, status }, isThere) {
        const replicas = (spec as { replicas?: number }).replicas ?? 1;
        const { observedGeneration } = (status ?? {}) as { observedGeneration?: number };
        if (!isThere || observedGeneration === metadata.generation) return;
        const counts = { replicas, readyReplicas: replicas, updatedReplicas: replicas };
        const body = { status: { ...counts, observedGeneration: metadata.generation } };
        const { name, namespace = '' } = metadata;
        const patched =
          kind === 'StatefulSet'
            ? apps.patchNamespacedStatefulSetStatus({ name, namespace, body }, merge)
            : apps.patchNamespacedDeploymentStatus({ name, namespace, body }, merge);
        patched.catch((error: unknown) => failures.push(error));
      },
    }),
  );
  await Promise.all(watches.map((watch) => watch.start()));
  return {
    async stop() {
      await Promise.all(watches.map((watch) => watch.stop()));
      if (failures.length > 0) throw failures[0];
    },
  };
}
