import type { KubernetesManifest } from '../render/manifest.ts';
import { type PodStatus, type Surroundings, troubleOf } from './trouble.ts';

/** A StatefulSet or Deployment, as far as its state tells. */
export interface Workload {
  readonly name: string;
  readonly replicas: number;
  readonly readyReplicas: number;
  /** Whether all of its pods are of its newest description. */
  readonly isCurrent: boolean;
  /** What keeps a pod from running, in words for people; null where nothing is known to. */
  readonly trouble: string | null;
}

interface WorkloadBody {
  readonly replicas?: number;
  readonly observedGeneration?: number;
  readonly readyReplicas?: number;
  readonly updatedReplicas?: number;
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  readonly template?: {
    readonly spec?: {
      readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[];
    };
  };
}

/** State of one workload, by its object, its pods and what is known beside them. */
export function stateOf(
  workload: KubernetesManifest,
  pods: readonly KubernetesManifest[],
  surroundings: Surroundings,
): Workload {
  const spec = (workload.spec ?? {}) as WorkloadBody;
  const status = (workload.status ?? {}) as WorkloadBody;
  const { name, generation = 0 } = workload.metadata;
  const replicas = spec.replicas ?? 1;
  const isSeen = (status.observedGeneration ?? 0) >= generation;
  const own = pods.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === name);
  // One that was evicted stays to be looked at, in the place of which there is another.
  const alive = own.filter(({ status: of }) => (of as PodStatus | undefined)?.phase !== 'Failed');
  const staying = alive.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const troubles = staying.map((pod) => troubleOf(pod, claimsOf(spec, pod.metadata.name), surroundings));
  return {
    name,
    replicas,
    readyReplicas: status.readyReplicas ?? 0,
    isCurrent: isSeen && (status.updatedReplicas ?? 0) >= replicas,
    trouble:
      troubles.find((words) => words !== null) ??
      (alive.length < replicas ? whyNotMade(workload, surroundings) : null),
  };
}

/** Claims of one of its pods: made for that pod, or there already. */
const claimsOf = ({ volumeClaimTemplates = [], template }: WorkloadBody, pod: string): string[] => [
  ...volumeClaimTemplates.map(({ metadata }) => `${metadata.name}-${pod}`),
  ...(template?.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : [claim.claimName],
  ),
];

/** Pods that are not there: a quota, or a policy of the namespace. A Deployment makes its own through a ReplicaSet. */
function whyNotMade({ kind, metadata }: KubernetesManifest, { warnings }: Surroundings): string | null {
  const failed = warnings.find(
    ({ reason, kind: of, name }) =>
      reason === 'FailedCreate' &&
      (kind === 'Deployment'
        ? of === 'ReplicaSet' && name.startsWith(`${metadata.name}-`)
        : of === kind && name === metadata.name),
  );
  // Names of pods that were tried and never were come and go.
  const why = failed?.message
    .replace(/^.*?(failed error|Error creating): /, '')
    .replace(/^pods "[^"]*" is /, '');
  return why === undefined ? null : `its pods are not made: ${why.replace(/\.$/, '')}`;
}
