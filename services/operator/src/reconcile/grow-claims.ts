import { type Cluster, codeOf, wordsOf } from '../cluster/cluster.ts';
import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import type { Refusal } from './refusal.ts';

interface Template {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly storageClassName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}
interface ClaimTemplates {
  readonly volumeClaimTemplates?: readonly Template[];
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
    const { name } = object.metadata;
    const claims = Array.from(
      { length: Math.max(1, replicasOf(before)) },
      (_, ordinal) => `${template.metadata.name}-${name}-${ordinal}`,
    );
    const refused = findMove(name, claims, old, template) ?? findShrinking(name, claims, old, template);
    if (refused !== null) return refused;
    const size = sizeOf(template);
    if (bytesOf(size) === bytesOf(sizeOf(old))) continue;
    for (const claim of claims) growing.push({ set: before, claim, size });
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
function findMove(name: string, claims: readonly string[], old: Template, now: Template): Refusal | null {
  const [before, after] = [old.spec.storageClassName, now.spec.storageClassName];
  if (before === after) return null;
  const told = before === undefined ? 'no storageClass' : `the storageClass ${before}`;
  const objects = [`statefulset/${name}`, ...claims.map((claim) => `pvc/${claim}`)].join(' ');
  const message = `The claim ${claims.join(', ')} was made with ${told}, which cannot be changed: go back to that. Where its data is not needed, kubectl delete ${objects} instead: all is made anew.`;
  return { reason: 'ClaimCannotMove', message };
}

function findShrinking(
  name: string,
  claims: readonly string[],
  old: Template,
  now: Template,
): Refusal | null {
  const [before, after] = [sizeOf(old), sizeOf(now)];
  // The API server writes 1.5Gi as 1536Mi: what counts is how much it is.
  if (bytesOf(after) >= bytesOf(before)) return null;
  const message = `storage.size of ${name} is ${after}, and its claim ${claims.join(', ')} was made with ${before}: a claim only grows. Write ${before} or more.`;
  return { reason: 'ClaimCannotShrink', message };
}

const sizeOf = ({ spec }: Template): string => spec.resources.requests.storage;

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
