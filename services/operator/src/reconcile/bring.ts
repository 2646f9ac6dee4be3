import type { Logger, MadGroup } from '@mad-group/protocol';
import { type Cache, type Cluster, codeOf, groupKey, wordsOf } from '../cluster/cluster.ts';
import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import type { Applier } from './applier.ts';
import type { Refusal } from './refusal.ts';

/** What bringing a group to what it should be has come to. */
export interface Brought {
  /** Whether anything was. */
  readonly isWritten: boolean;
  /** What the API server did not take, in its words; null where it took all. */
  readonly refused: Refusal | null;
}

export interface BringParts {
  readonly applier: Applier;
  readonly cache: Pick<Cache, 'put'>;
  readonly cluster: Pick<Cluster, 'delete'>;
  readonly log: Logger;
}

/** HTTP codes of what will not become right by being tried again. */
const REFUSALS: readonly unknown[] = [400, 403, 422];

/**
 * Applies what should be, and deletes what was made for the group and should not be any more. One
 * object that the API server does not take does not keep the others from what they should be.
 *
 * @param live what is there, by its key
 * @throws what the API server said where it could not do it now; what else there was is done
 */
export async function bring(
  group: MadGroup,
  desired: readonly KubernetesManifest[],
  live: ReadonlyMap<string, KubernetesManifest>,
  { applier, cache, cluster, log }: BringParts,
): Promise<Brought> {
  let isWritten = false;
  const refusals: string[] = [];
  let failure: Error | null = null;
  for (const object of desired) {
    try {
      const now = await applier.apply(object, live.get(keyOf(object)));
      if (now === null) continue;
      isWritten = true;
      cache.put(now);
      log.info({ group: groupKey(group), object: keyOf(object) }, 'Applied');
    } catch (error) {
      // Without an answer the others would wait for theirs as long.
      if (codeOf(error) === undefined) throw error;
      const words = `${keyOf(object)} was refused: ${wordsOf(error)}.`;
      if (REFUSALS.includes(codeOf(error))) refusals.push(words);
      else failure ??= new Error(words, { cause: error });
    }
  }
  if (failure !== null) throw failure;
  if (refusals.length > 0) {
    return { isWritten, refused: { reason: 'ApplyRefused', message: refusals.join(' ') } };
  }
  const wanted = new Set(desired.map(keyOf));
  for (const object of live.values()) {
    const isOurs = object.metadata.ownerReferences?.some(({ uid }) => uid === group.metadata.uid);
    if (!isOurs || wanted.has(keyOf(object)) || object.metadata.deletionTimestamp !== undefined) continue;
    isWritten = true;
    await cluster.delete(object);
    log.info({ group: groupKey(group), object: keyOf(object) }, 'Deleted: it is no longer declared');
  }
  return { isWritten, refused: null };
}
