import type { Warning } from '../cluster/cluster.ts';
import type { KubernetesManifest } from '../render/manifest.ts';

/** What is known beside the pods themselves. */
export interface Surroundings {
  /** What Kubernetes warns of in the namespace, the newest first; none where nobody has asked. */
  readonly warnings: readonly Warning[];
  readonly nowMs: number;
}

interface ContainerStatus {
  readonly image?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: Ended;
    readonly running?: { readonly startedAt?: string };
  };
  readonly lastState?: { readonly terminated?: Ended };
}
interface Ended {
  readonly exitCode?: number;
  readonly reason?: string;
  /** What it said last, where the pod asks for that. */
  readonly message?: string;
}
export interface PodStatus {
  readonly phase?: string;
  readonly startTime?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
    readonly lastTransitionTime?: string;
  }[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

/** Reasons for which a container waits that pass by themselves, or are told of in an Event. */
const PASSING = new Set(['ContainerCreating', 'PodInitializing']);
/** Warnings of pods whose status says the same, and more of what is so now. */
const IN_STATUS = new Set(['FailedScheduling', 'Unhealthy', 'BackOff', 'Failed']);
/** What passes by itself has done so by then: a claim that is being bound, a Secret on its way. In milliseconds. */
const PATIENCE_MS = 10_000;
/** A MAD is ready seconds after its start; Redis may load a long file. In milliseconds. */
const READY_WITHIN_MS = 60_000;
const LONGEST_WORDS = 400;

/**
 * Why a pod does not run, and what to do: by the scheduler, the kubelet or its own last words. Null
 * where nothing is known to be wrong, or what is may pass by itself. Says the same as long as it is
 * the same, so that a status is written once.
 *
 * @param claims that the pod uses
 */
export function troubleOf(
  pod: KubernetesManifest,
  claims: readonly string[],
  { warnings, nowMs }: Surroundings,
): string | null {
  const status = (pod.status ?? {}) as PodStatus;
  const { name, uid } = pod.metadata;
  const isOld = (since: string | undefined, ms: number): boolean =>
    since !== undefined && nowMs - Date.parse(since) >= ms;
  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    if (!isOld(scheduled.lastTransitionTime, PATIENCE_MS)) return null;
    const claim = warnings.find(
      (warning) => warning.kind === 'PersistentVolumeClaim' && claims.includes(warning.name),
    );
    return claim === undefined
      ? `pod ${name} has no node: ${short(scheduled.message ?? scheduled.reason)}`
      : `pod ${name} waits for its claim ${claim.name}: ${short(claim.message)}. Create that StorageClass or volume, or name another in storage.storageClass`;
  }
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  for (const container of containers) {
    const words = troubleOfContainer(container, name);
    if (words !== null) return `pod ${name} ${words}`;
  }
  const isMade = containers.some(({ state }) => state?.running !== undefined);
  if (!isMade && isOld(status.startTime, PATIENCE_MS)) {
    const warning = warnings.find(
      (each) => each.kind === 'Pod' && each.uid === uid && !IN_STATUS.has(each.reason),
    );
    if (warning) {
      return `pod ${name} waits: ${warning.reason}, ${short(warning.message)}. Create what is missing, or name another`;
    }
  }
  const slow = status.containerStatuses?.find(({ ready, state }) => !ready && state?.running !== undefined);
  const startedAt = slow?.state?.running?.startedAt;
  return startedAt !== undefined && isOld(startedAt, READY_WITHIN_MS)
    ? `pod ${name} runs since ${startedAt} and is not ready: see kubectl logs ${name}`
    : null;
}

function troubleOfContainer(container: ContainerStatus, pod: string): string | null {
  const { image, ready, state = {}, lastState = {}, restartCount = 0 } = container;
  const { waiting, terminated } = state;
  const ended = terminated ?? lastState.terminated;
  if (waiting?.reason === 'CrashLoopBackOff' || (restartCount > 0 && !ready && ended !== undefined)) {
    return `${howItEnded(ended)}. See kubectl logs ${pod} --previous`;
  }
  if (waiting?.reason === undefined || PASSING.has(waiting.reason)) return null;
  if (waiting.reason === 'ErrImagePull' || waiting.reason === 'ImagePullBackOff') {
    // The two take turns, and the second says the first one's words behind its own.
    const cause = waiting.message?.replace(/^Back-off pulling image "[^"]*":? ?(ErrImagePull: )?/, '');
    return `waits for its image ${image}: ErrImagePull, ${short(cause)}. Correct the image, or name the Secret of its registry in images.pullSecrets`;
  }
  return `waits: ${waiting.reason}, ${short(waiting.message)}. Create what is missing, or correct its name`;
}

function howItEnded(ended: Ended | undefined): string {
  if (ended === undefined) return 'ends again and again';
  const { exitCode, reason, message } = ended;
  const words = message?.trim().split('\n').slice(-2).join(' ');
  return `ends again and again, last with ${exitCode} (${reason})${words ? `: ${short(words)}` : ''}`;
}

/** In one line, without the full stop that follows anyway. */
const short = (words = 'no reason was given'): string =>
  words
    .replaceAll(/\s+/g, ' ')
    .slice(0, LONGEST_WORDS)
    .replace(/[.\s]+$/, '');
