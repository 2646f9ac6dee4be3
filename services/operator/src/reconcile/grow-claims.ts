import { type Cluster, codeOf, wordsOf } from '../cluster/cluster.ts';
import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import type { Refusal } from './refusal.ts';

interface ClaimTemplates {
  readonly volumeClaimTemplates?: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly storageClassName?: string;
      readonly resources: { readonly requests: { readonly storage: string } };
    };
  }[];
}

/**
 * Larger claims. Kubernetes lets nobody change the claims of a StatefulSet, so each claim itself grows,
 * where its class allows it, and the StatefulSet makes way for one that says so, while its pods run on.
 *
 * @param live what is there, by its key; a StatefulSet that made way is taken out of it
 * @returns why it cannot become so, in words for people; null where it did, or is as it should be
 */
export async function growClaims(
  desired: readonly KubernetesManifest[],
  live: Map<string, KubernetesManifest>,
  cluster: Pick<Cluster, 'delete' | 'growClaim'>,
): Promise<Refusal | null> {
  const growing: { readonly set: KubernetesManifest; readonly claim: string; readonly size: string }[] = [];
  for (const object of desired) {
    const before = live.get(keyOf(object));
    if (object.kind !== 'StatefulSet' || before === undefined) continue;
    const [template] = templatesOf(object);
    const [old] = templatesOf(before);
    if (template === undefined || old === undefined) continue;
    const claimOf = (ordinal: number): string =>
      `${template.metadata.name}-${object.metadata.name}-${ordinal}`;
    const moved = findMove(
      object.metadata.name,
      claimOf(0),
      old.spec.storageClassName,
      template.spec.storageClassName,
    );
    if (moved !== null) return moved;
    // The API server writes 1.5Gi as 1536Mi: what counts is how much it is.
    const [size, oldSize] = [template, old].map(({ spec }) => spec.resources.requests.storage) as [
      string,
      string,
    ];
    if (bytesOf(size) < bytesOf(oldSize)) {
      const message = `storage.size of ${object.metadata.name} is ${size}, and its claim ${claimOf(0)} was made with ${oldSize}: a claim only grows. Write ${oldSize} or more.`;
      return { reason: 'ClaimCannotShrink', message };
    }
    if (bytesOf(size) === bytesOf(oldSize)) continue;
    for (let ordinal = 0; ordinal < Math.max(1, replicasOf(before)); ordinal += 1) {
      growing.push({ set: before, claim: claimOf(ordinal), size });
    }
  }
  for (const { set, claim, size } of growing) {
    try {
      await cluster.growClaim(set.metadata.namespace as string, claim, size);
    } catch (error) {
      // A claim that is not there yet is made in its new size.
      if (codeOf(error) === 404) continue;
      if (![403, 422].includes(codeOf(error) ?? 0)) throw error;
      const message = `The claim ${claim} cannot become ${size} large: ${wordsOf(error)}. Go back to the size that it has, or move its data to a claim of a class that can grow.`;
      return { reason: 'ClaimCannotGrow', message };
    }
  }
  for (const set of new Set(growing.map((claim) => claim.set))) {
    await cluster.delete(set, { orphan: true });
    live.delete(keyOf(set));
  }
  return null;
}

const replicasOf = ({ spec }: KubernetesManifest): number => (spec as { replicas?: number }).replicas ?? 1;

/** Neither a claim nor the StatefulSet that made it takes another class. */
function findMove(
  name: string,
  claim: string,
  before: string | undefined,
  now: string | undefined,
): Refusal | null {
  if (before === now) return null;
  const told = before === undefined ? 'no storageClass' : `the storageClass ${before}`;
  const message = `The claim ${claim} was made with ${told}, which cannot be changed: go back to that. Where its data is not needed, kubectl delete statefulset/${name} pvc/${claim} instead: both are made anew.`;
  return { reason: 'ClaimCannotMove', message };
}

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Bytes of a Kubernetes quantity, as `1.5Gi`. */
function bytesOf(quantity: string): number {
  const [, number, unit = ''] = /^([0-9.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  return Number(number) * (FACTORS[unit] ?? Number.NaN);
}

const templatesOf = ({ spec }: KubernetesManifest) => (spec as ClaimTemplates).volumeClaimTemplates ?? [];
