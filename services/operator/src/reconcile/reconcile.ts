import type { Logger, MadGroup } from '@mad-group/protocol';
import { type Cache, type Cluster, type Warning, wordsOf } from '../cluster/cluster.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { RenderError } from '../render/helm.ts';
import type { KubernetesManifest } from '../render/manifest.ts';
import { PAUSED_ANNOTATION } from '../render/names.ts';
import type { Renderer } from '../render/renderer.ts';
import { groupValues } from '../render/values.ts';
import { isSettled, lookAt, type Seen } from '../status/look.ts';
import type { Found } from '../status/status.ts';
import { tell } from '../status/tell.ts';
import type { Verifier } from '../status/verifier.ts';
import type { Applier } from './applier.ts';
import { bring } from './bring.ts';
import { ownedBy } from './desired.ts';
import { growClaims } from './grow-claims.ts';
import { findOwn } from './own-objects.ts';
import { readSecrets } from './read-secrets.ts';
import { findMissingKind, findRefusal, findUnknownKind, type Refusal } from './refusal.ts';

export interface ReconcilerOptions {
  readonly cache: Cache;
  readonly cluster: Cluster;
  readonly applier: Applier;
  readonly renderer: Renderer;
  readonly verifier: Pick<Verifier, 'latest' | 'forget'>;
  readonly metrics: Pick<OperatorMetrics, 'status' | 'forget'>;
  readonly log: Logger;
  readonly nowMs: () => number;
}

/**
 * What is watched wakes a pass at once; this is for what is not: Secrets of others, in milliseconds.
 * What is under way is looked at more often, for what pods and claims say only when they are asked.
 */
const LOOK_EVERY_MS = 60_000;
const LOOK_AGAIN_MS = 5_000;

/** A pass that fails so many times on end is told of: conflicts and short outages pass by themselves. */
const TOLD_AFTER = 3;

/** Everything that should be, or why it cannot be. */
type Wanted = { readonly desired: readonly KubernetesManifest[]; readonly token: string } | Refusal;

/**
 * One pass over a group: what should be is rendered and compared with what is, and the difference is
 * written. Level-based: it needs to know nothing of what has happened.
 *
 * @returns after how many milliseconds the next one should come; null where the group is gone
 */
export function createReconciler(options: ReconcilerOptions): (key: string) => Promise<number | null> {
  const { cache, cluster, verifier, metrics } = options;
  const failures = new Map<string, number>();

  return async (key) => {
    const group = cache.group(key);
    if (group === undefined || group.metadata.deletionTimestamp !== undefined) {
      verifier.forget(key);
      failures.delete(key);
      options.renderer.forget(key);
      const [namespace, name] = key.split('/') as [string, string];
      options.applier.forget(namespace);
      metrics.forget(namespace, name);
      return null;
    }
    const isPaused = group.metadata.annotations?.[PAUSED_ANNOTATION] === 'true';
    const found = await (isPaused ? asItIs(group, key, { paused: true }) : carryOutOrTell(group, key));
    await tell(group, found, options);
    const isWaiting = found.refused === null ? !isPaused && !isQuiet(found) : isForOthers(found.refused);
    return isWaiting ? LOOK_AGAIN_MS : LOOK_EVERY_MS;
  };

  /** What went wrong is tried again; until then the status says so, where it can be written. */
  async function carryOutOrTell(group: MadGroup, key: string): Promise<Found> {
    try {
      const found = await carryOut(group, key);
      failures.delete(key);
      return found;
    } catch (error) {
      const times = (failures.get(key) ?? 0) + 1;
      failures.set(key, times);
      if (times < TOLD_AFTER) throw error;
      try {
        await tell(group, await asItIs(group, key, { failed: wordsOf(error) }), options);
      } catch (untold) {
        throw new AggregateError([error, untold], 'A pass failed, and so did telling of it');
      }
      throw error;
    }
  }

  async function carryOut(group: MadGroup, key: string): Promise<Found> {
    const wanted = await want(group);
    if ('reason' in wanted) return asItIs(group, key, { refused: wanted });
    const { desired, token } = wanted;
    const live = await findOwn(group, desired, cache.owned(group), cluster);
    if (!(live instanceof Map)) return asItIs(group, key, { refused: live });
    const stuck = await growClaims(desired, live, cluster);
    if (stuck !== null) return asItIs(group, key, { refused: stuck });
    const { isWritten, refused } = await bring(group, desired, live, options);
    // Whoever answered before may not be whoever answers now.
    if (isWritten) verifier.forget(key);
    if (refused !== null) return asItIs(group, key, { refused });
    const seen = await look(group, desired);
    const isUp =
      seen.absent.length === 0 &&
      seen.workloads.every(({ replicas, readyReplicas }) => readyReplicas >= replicas);
    if (!isUp) verifier.forget(key);
    return {
      refused: null,
      paused: false,
      failed: null,
      ...seen,
      verification: isUp ? verifier.latest(group, token) : null,
    };
  }

  async function want(group: MadGroup): Promise<Wanted> {
    const secrets = await readSecrets(group, cache.owned(group), cluster);
    const refused =
      findRefusal(group, cache.groups(), secrets.missing) ?? findMissingKind(group, cache.optionalKinds());
    if (refused !== null) return refused;
    try {
      const manifests = await options.renderer.render(group, groupValues(group, secrets.known));
      const unknown = findUnknownKind(manifests);
      if (unknown !== null) return unknown;
      return { desired: ownedBy(group, [...secrets.own, ...manifests]), token: secrets.token };
    } catch (error) {
      if (!(error instanceof RenderError)) throw error;
      return { reason: 'ValuesRefused', message: error.message };
    }
  }

  /** A group that is not changed: what runs of it is told all the same. */
  async function asItIs(
    group: MadGroup,
    key: string,
    why: Partial<Pick<Found, 'refused' | 'paused' | 'failed'>>,
  ): Promise<Found> {
    verifier.forget(key);
    const seen = await look(group, null);
    return { refused: null, paused: false, failed: null, ...why, ...seen, verification: null };
  }

  /** Pods do not say all that keeps them: where something is on the way, Events are read, too. */
  async function look(group: MadGroup, desired: readonly KubernetesManifest[] | null): Promise<Seen> {
    const lookWith = (warnings: readonly Warning[]): Seen =>
      lookAt(group, cache.owned(group), desired, { warnings, nowMs: options.nowMs() });
    const seen = lookWith([]);
    return isSettled(seen) ? seen : lookWith(await cluster.warnings(group.metadata.namespace));
  }
}

const isQuiet = (found: Found): boolean => isSettled(found) && found.verification !== null;
/** What others have to make, and nobody tells of. */
const isForOthers = ({ reason }: { readonly reason: string }): boolean => reason === 'SecretMissing';
