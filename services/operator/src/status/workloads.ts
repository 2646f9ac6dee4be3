import type { KubernetesManifest } from '../render/manifest.ts';

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
}

/** State of one workload, by its object and its pods. */
export function stateOf(workload: KubernetesManifest, pods: readonly KubernetesManifest[]): Workload {
  const spec = (workload.spec ?? {}) as WorkloadBody;
  const status = (workload.status ?? {}) as WorkloadBody;
  const { name, generation = 0 } = workload.metadata;
  const replicas = spec.replicas ?? 1;
  const isSeen = (status.observedGeneration ?? 0) >= generation;
  const own = pods.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === name);
  return {
    name,
    replicas,
    readyReplicas: status.readyReplicas ?? 0,
    isCurrent: isSeen && (status.updatedReplicas ?? 0) >= replicas,
    trouble: own.map(troubleOf).find((words) => words !== null) ?? null,
  };
}

interface PodBody {
  readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
  readonly containerStatuses?: readonly {
    readonly state?: {
      readonly waiting?: { reason?: string; message?: string };
      readonly terminated?: { reason?: string; exitCode?: number };
    };
    readonly restartCount?: number;
  }[];
}

/** Reasons for which a container waits that pass by themselves. */
const PASSING = new Set(['ContainerCreating', 'PodInitializing']);

/** Why a pod does not run: what the scheduler or the kubelet says of it. */
function troubleOf(pod: KubernetesManifest): string | null {
  const { conditions = [], containerStatuses = [] } = (pod.status ?? {}) as PodBody;
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled)
    return `pod ${pod.metadata.name} has no node: ${unscheduled.message ?? unscheduled.reason}`;
  for (const { state, restartCount = 0 } of containerStatuses) {
    const { waiting, terminated } = state ?? {};
    if (waiting?.reason !== undefined && !PASSING.has(waiting.reason)) {
      return `pod ${pod.metadata.name} waits: ${waiting.reason}${waiting.message ? `, ${waiting.message}` : ''}`;
    }
    if (terminated && restartCount > 0) {
      return `pod ${pod.metadata.name} ended with ${terminated.exitCode} (${terminated.reason})`;
    }
  }
  return null;
}
