import { type Cluster, codeOf } from '../cluster/cluster.ts';
import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import type { Refusal } from './refusal.ts';

interface ClaimTemplates {
  readonly volumeClaimTemplates?: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
  }[];
}

/**
 * A larger claim. Kubernetes lets nobody change the claims of a StatefulSet, so the claim itself grows,
 * where its class allows it, and the StatefulSet makes way for one that says so, while its pod runs on.
 *
 * @param live what is there, by its key; a StatefulSet that made way is taken out of it
 * @returns why it cannot grow, in words for people; null where it did, or is as large as it should be
 */
export async function growClaims(
  desired: readonly KubernetesManifest[],
  live: Map<string, KubernetesManifest>,
  cluster: Pick<Cluster, 'delete' | 'growClaim'>,
): Promise<Refusal | null> {
  for (const object of desired) {
    const before = live.get(keyOf(object));
    if (object.kind !== 'StatefulSet' || before === undefined) continue;
    const [template] = templatesOf(object);
    const [old] = templatesOf(before);
    const size = template?.spec.resources.requests.storage;
    if (template === undefined || size === undefined || size === old?.spec.resources.requests.storage)
      continue;
    const claim = `${template.metadata.name}-${object.metadata.name}-0`;
    try {
      await cluster.growClaim(before.metadata.namespace as string, claim, size);
    } catch (error) {
      if (![403, 404, 422].includes(codeOf(error) ?? 0)) throw error;
      const message = `The claim ${claim} cannot become ${size} large: ${wordsOf(error)}. Go back to its size, or move its data to a claim of a class that can grow.`;
      return { reason: 'ClaimCannotGrow', message };
    }
    await cluster.delete(before, { orphan: true });
    live.delete(keyOf(object));
  }
  return null;
}

const templatesOf = ({ spec }: KubernetesManifest) => (spec as ClaimTemplates).volumeClaimTemplates ?? [];

/** What the API server said; the client hides it in a body of JSON. */
function wordsOf(error: unknown): string {
  const { body, message } = error as { body?: unknown; message?: string };
  try {
    const parsed = (typeof body === 'string' ? JSON.parse(body) : body) as { message?: string } | undefined;
    return parsed?.message ?? message ?? '';
  } catch {
    return message ?? '';
  }
}
