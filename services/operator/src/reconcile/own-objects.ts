import type { MadGroup } from '@mad-group/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import type { Refusal } from './refusal.ts';

/**
 * What is there of what should be: from the cache, and from the API server where the cache has nothing
 * yet. An object of such a name that is not the group's own is not touched.
 *
 * @returns objects by their key, or why the group cannot have them
 */
export async function findOwn(
  group: MadGroup,
  desired: readonly KubernetesManifest[],
  cached: readonly KubernetesManifest[],
  cluster: Pick<Cluster, 'read'>,
): Promise<Map<string, KubernetesManifest> | Refusal> {
  const live = new Map(cached.map((object) => [keyOf(object), object]));
  for (const object of desired) {
    const key = keyOf(object);
    const there = live.get(key) ?? (await cluster.read(object));
    if (there === null) continue;
    const owners = there.metadata.ownerReferences ?? [];
    if (owners.some(({ uid }) => uid === group.metadata.uid)) {
      live.set(key, there);
    } else if (owners.some(({ kind, name }) => kind === group.kind && name === group.metadata.name)) {
      throw new Error(`${key} is of an earlier group of this name, and on its way out`);
    } else if (owners.length > 0 || !wasOurs(there, group)) {
      const message = `${key} is there already and not of this group: remove it, or put the group into a namespace of its own.`;
      return { reason: 'NameTaken', message };
    }
  }
  return live;
}

/** Somebody has taken the owner away, and nothing else: the operator's label and hand are on it. */
const wasOurs = ({ metadata }: KubernetesManifest, group: MadGroup): boolean =>
  metadata.labels?.['app.kubernetes.io/managed-by'] === 'mad-operator' &&
  metadata.labels['mads.dev/group'] === group.metadata.name;
