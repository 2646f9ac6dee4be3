import type { MadGroup } from '@mad-group/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import { ADOPT_ANNOTATION, GROUP_LABEL } from '../render/names.ts';
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
    } else if (owners.length > 0 || !(wasOurs(there, group) || isHandedOver(there, group))) {
      return {
        reason: 'NameTaken',
        message: `${key} is there already and not of this group: ${wayOut(there)}.`,
      };
    } else {
      live.set(key, there);
    }
  }
  return live;
}

/** Somebody has taken the owner away, and nothing else: the operator's label and hand are on it. */
const wasOurs = ({ metadata }: KubernetesManifest, group: MadGroup): boolean =>
  metadata.labels?.['app.kubernetes.io/managed-by'] === 'mad-operator' &&
  metadata.labels[GROUP_LABEL] === group.metadata.name;

/** Of a Helm release, and the group says that it takes that over. */
const isHandedOver = (object: KubernetesManifest, { metadata }: MadGroup): boolean =>
  releaseOf(object) !== undefined && releaseOf(object) === metadata.annotations?.[ADOPT_ANNOTATION];

const releaseOf = ({ metadata }: KubernetesManifest): string | undefined =>
  metadata.annotations?.['meta.helm.sh/release-namespace'] === metadata.namespace
    ? metadata.annotations?.['meta.helm.sh/release-name']
    : undefined;

function wayOut(object: KubernetesManifest): string {
  const release = releaseOf(object);
  const elsewhere = 'remove it, or put the group into a namespace of its own';
  if (release === undefined) return elsewhere;
  return `it is of the Helm release ${release}. To hand that over, call the MadGroup ${release} and annotate it with ${ADOPT_ANNOTATION}=${release}; else ${elsewhere}`;
}
