import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../cluster/cluster.ts';
import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import { adoptForeign } from './foreign-fields.ts';

/** What an object was after the operator last looked at all of it. */
interface Seen {
  readonly desired: string;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly generation: number | undefined;
  readonly labels: unknown;
  readonly annotations: unknown;
  readonly owners: unknown;
}

/** Brings objects to what they should be, and writes nothing where they are. */
export interface Applier {
  /** @returns the object as it was written; null where it was as it should be */
  apply(
    desired: KubernetesManifest,
    live: KubernetesManifest | undefined,
  ): Promise<KubernetesManifest | null>;
  /** Of a namespace whose group is gone nothing is remembered. */
  forget(namespace: string): void;
}

/**
 * An object that has not changed since it was last compared, and should still be the same, is not
 * looked at. One that has changed is compared by a dry run, which changes nothing: it shows what an
 * apply would make of it, defaults and fields of others included. So a foreign edit is reverted, a
 * status that moved is not taken for one, and a restarted operator leaves a healthy group alone.
 */
export function createApplier(cluster: Pick<Cluster, 'apply' | 'setManagedFields'>): Applier {
  const seen = new Map<string, Map<string, Seen>>();
  const seenIn = ({ metadata: { namespace = '' } }: KubernetesManifest): Map<string, Seen> => {
    const known = seen.get(namespace) ?? new Map<string, Seen>();
    seen.set(namespace, known);
    return known;
  };
  const remember = (desired: string, live: KubernetesManifest): void => {
    const { uid, resourceVersion, generation, labels, annotations, ownerReferences: owners } = live.metadata;
    seenIn(live).set(keyOf(live), { desired, uid, resourceVersion, generation, labels, annotations, owners });
  };

  return {
    forget: (namespace) => void seen.delete(namespace),
    async apply(desired, live) {
      const sum = createHash('sha256').update(JSON.stringify(desired)).digest('hex');
      if (live !== undefined && isUnchanged(seenIn(live).get(keyOf(live)), sum, live)) return null;
      const adopted = adoptForeign(live?.metadata.managedFields ?? []);
      if (live !== undefined && adopted !== null) await cluster.setManagedFields(live, adopted);
      else if (live !== undefined) {
        const would = await cluster.apply(desired, { dryRun: true });
        if (isDeepStrictEqual(essence(would), essence(live))) {
          remember(sum, live);
          return null;
        }
      }
      const written = await cluster.apply(desired);
      remember(sum, written);
      return written;
    },
  };
}

function isUnchanged(before: Seen | undefined, desired: string, { metadata }: KubernetesManifest): boolean {
  if (before === undefined || before.desired !== desired || before.uid !== metadata.uid) return false;
  if (before.resourceVersion === metadata.resourceVersion) return true;
  // Kinds that count their generations change otherwise in their status alone.
  return (
    metadata.generation !== undefined &&
    before.generation === metadata.generation &&
    isDeepStrictEqual(before.owners, metadata.ownerReferences) &&
    isDeepStrictEqual(before.labels, metadata.labels) &&
    isDeepStrictEqual(before.annotations, metadata.annotations)
  );
}

/** Without what the API server keeps for itself, and what tells of the object's state. */
function essence(object: KubernetesManifest): unknown {
  const { managedFields, resourceVersion, generation, creationTimestamp, uid, ...metadata } =
    object.metadata as Record<string, unknown>;
  const { status, ...rest } = object as unknown as Record<string, unknown>;
  return withoutEmpty({ ...rest, metadata });
}

/** The API server stores no empty lists and maps, but shows in a dry run those that were sent. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const filled = Object.entries(value).flatMap(([key, below]) => {
    const kept = withoutEmpty(below);
    const isEmpty = kept === null || (typeof kept === 'object' && Object.keys(kept as object).length === 0);
    return isEmpty ? [] : [[key, kept] as const];
  });
  return Object.fromEntries(filled);
}
