import type { MadGroup } from '@mad-group/protocol';
import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import type { Surroundings } from './trouble.ts';
import { stateOf, type Workload } from './workloads.ts';

/** What runs of a group. */
export interface Seen {
  /** Redis first, then the MADs in the order in which they need each other. */
  readonly workloads: readonly Workload[];
  /** Workloads that should be and are not there. */
  readonly absent: readonly string[];
}

const ORDER = ['redis', 'sequential-thinking', 'grace', 'rogers', 'fiedler'];
/** MADs of one's own come last. */
const rankOf = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

const isWorkload = ({ kind }: KubernetesManifest): boolean => kind === 'StatefulSet' || kind === 'Deployment';

/**
 * The workloads of a group and their state.
 *
 * @param cached what the informers know, pods too
 * @param desired what should be; null where that is not known, and what is there is all there is to tell of
 */
export function lookAt(
  group: MadGroup,
  cached: readonly KubernetesManifest[],
  desired: readonly KubernetesManifest[] | null,
  surroundings: Surroundings,
): Seen {
  const own = cached.filter((object) => isWorkload(object) && isOf(group, object));
  const there = new Map(own.map((object) => [keyOf(object), object]));
  const pods = cached.filter(({ kind }) => kind === 'Pod');
  const keys = (desired ?? own)
    .filter(isWorkload)
    .toSorted((a, b) => rankOf(a.metadata.name) - rankOf(b.metadata.name))
    .map((object) => ({ key: keyOf(object), name: object.metadata.name }));
  const seen = keys.map(({ key, name }) => ({ name, object: there.get(key) }));
  const isThere = (object: KubernetesManifest | undefined): object is KubernetesManifest =>
    object !== undefined && object.metadata.deletionTimestamp === undefined;
  return {
    workloads: seen.flatMap(({ object }) => (isThere(object) ? [stateOf(object, pods, surroundings)] : [])),
    absent: seen.flatMap(({ name, object }) => (isThere(object) ? [] : [name])),
  };
}

const isOf = ({ metadata }: MadGroup, object: KubernetesManifest): boolean =>
  object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;

/** Whether nothing is on the way. */
export const isSettled = ({ absent, workloads }: Seen): boolean =>
  absent.length === 0 &&
  workloads.every(({ isCurrent, replicas, readyReplicas }) => isCurrent && readyReplicas >= replicas);
