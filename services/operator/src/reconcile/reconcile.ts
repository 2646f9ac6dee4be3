import { isDeepStrictEqual } from 'node:util';
import type { Logger, MadGroup } from '@mad-group/protocol';
import { type Cache, type Cluster, codeOf, groupKey, wordsOf } from '../cluster/cluster.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { RenderError } from '../render/helm.ts';
import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import { PAUSED_ANNOTATION } from '../render/names.ts';
import { groupValues } from '../render/values.ts';
import { type Found, statusOf } from '../status/status.ts';
import type { Verification } from '../status/verification.ts';
import { stateOf } from '../status/workloads.ts';
import type { Applier } from './applier.ts';
import { ownedBy } from './desired.ts';
import { growClaims } from './grow-claims.ts';
import { findOwn } from './own-objects.ts';
import { readSecrets } from './read-secrets.ts';
import { findRefusal, findUnknownKind, type Refusal } from './refusal.ts';

export interface ReconcilerOptions {
  readonly cache: Cache;
  readonly cluster: Cluster;
  readonly applier: Applier;
  readonly render: (group: MadGroup, values: object) => Promise<readonly KubernetesManifest[]>;
  readonly verify: (group: MadGroup, token: string) => Promise<Verification>;
  readonly metrics: Pick<OperatorMetrics, 'status' | 'verified' | 'forget'>;
  readonly log: Logger;
  readonly nowMs: () => number;
}

/** What the group needs, in the order in which they need each other; the status tells it so. */
const ORDER = ['redis', 'sequential-thinking', 'grace', 'rogers', 'fiedler'];
/** How often a healthy group is asked, and one that is not ready yet is looked at. In milliseconds. */
const VERIFY_EVERY_MS = 60_000;
const LOOK_AGAIN_MS = 5_000;

/**
 * One pass over a group: what should be is rendered and compared with what is, and the difference is
 * written. Level-based: it needs to know nothing of what has happened.
 *
 * @returns after how many milliseconds the next one should come; null where the group is gone
 */
export function createReconciler(options: ReconcilerOptions): (key: string) => Promise<number | null> {
  const { cache, cluster, applier, log, metrics } = options;
  const verified = new Map<string, { atMs: number; generation: number; result: Verification }>();

  return async (key) => {
    const group = cache.group(key);
    if (group === undefined || group.metadata.deletionTimestamp !== undefined) {
      verified.delete(key);
      const [namespace, name] = key.split('/') as [string, string];
      metrics.forget(namespace, name);
      return null;
    }
    if (group.metadata.annotations?.[PAUSED_ANNOTATION] === 'true') {
      await writeStatus(group, {
        refused: null,
        paused: true,
        workloads: [],
        absent: [],
        verification: null,
      });
      return VERIFY_EVERY_MS;
    }
    const owned = cache.owned(group);
    const secrets = await readSecrets(group, owned, cluster);
    let refused: Refusal | null = findRefusal(group, cache.groups(), secrets.missing);
    let manifests: readonly KubernetesManifest[] = [];
    if (refused === null) {
      try {
        manifests = await options.render(group, groupValues(group, secrets.sums));
        refused = findUnknownKind(manifests);
      } catch (error) {
        if (!(error instanceof RenderError)) throw error;
        refused = { reason: 'ValuesRefused', message: error.message };
      }
    }
    if (refused !== null) {
      await writeStatus(group, refusedBy(refused));
      return VERIFY_EVERY_MS;
    }
    const desired = ownedBy(group, [...secrets.own, ...manifests]);
    const live = await findOwn(group, desired, owned, cluster);
    refused = live instanceof Map ? await growClaims(desired, live, cluster) : live;
    if (live instanceof Map && refused === null) refused = await bring(group, desired, live);
    if (refused !== null) {
      await writeStatus(group, refusedBy(refused));
      return VERIFY_EVERY_MS;
    }
    const found = await look(group, desired, secrets.token);
    await writeStatus(group, found);
    return found.verification !== null && found.verification.problems.length === 0
      ? VERIFY_EVERY_MS
      : LOOK_AGAIN_MS;
  };

  /** One object that the API server does not take does not keep the others from what they should be. */
  async function bring(
    group: MadGroup,
    desired: readonly KubernetesManifest[],
    live: ReadonlyMap<string, KubernetesManifest>,
  ): Promise<Refusal | null> {
    const refusals: string[] = [];
    for (const object of desired) {
      try {
        if (!(await applier.apply(object, live.get(keyOf(object))))) continue;
        log.info({ group: groupKey(group), object: keyOf(object) }, 'Applied');
        // Whoever answered before may not be whoever answers now.
        verified.delete(groupKey(group));
      } catch (error) {
        if (![400, 403, 422].includes(codeOf(error) ?? 0)) throw error;
        refusals.push(`${keyOf(object)} was refused: ${wordsOf(error)}.`);
      }
    }
    if (refusals.length > 0) return { reason: 'ApplyRefused', message: refusals.join(' ') };
    const wanted = new Set(desired.map(keyOf));
    for (const object of live.values()) {
      const isOurs = object.metadata.ownerReferences?.some(({ uid }) => uid === group.metadata.uid);
      if (!isOurs || wanted.has(keyOf(object)) || object.metadata.deletionTimestamp !== undefined) continue;
      await cluster.delete(object);
      log.info({ group: groupKey(group), object: keyOf(object) }, 'Deleted: it is no longer declared');
    }
    return null;
  }

  async function look(
    group: MadGroup,
    desired: readonly KubernetesManifest[],
    token: string,
  ): Promise<Found> {
    const owned = cache.owned(group);
    const pods = owned.filter(({ kind }) => kind === 'Pod');
    const names = desired
      .filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')
      .map(({ metadata }) => metadata.name)
      .toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
    const workloads = names.flatMap((name) => {
      const object = owned.find(
        ({ kind, metadata }) => metadata.name === name && (kind === 'StatefulSet' || kind === 'Deployment'),
      );
      return object === undefined || object.metadata.deletionTimestamp !== undefined
        ? []
        : [stateOf(object, pods)];
    });
    const absent = names.filter((name) => !workloads.some((workload) => workload.name === name));
    const isUp =
      absent.length === 0 && workloads.every(({ replicas, readyReplicas }) => readyReplicas >= replicas);
    if (!isUp) verified.delete(groupKey(group));
    return {
      refused: null,
      paused: false,
      workloads,
      absent,
      verification: isUp ? await ask(group, token) : null,
    };
  }

  /** Each minute, and at once where the spec is another one or the last answer was not good. */
  async function ask(group: MadGroup, token: string): Promise<Verification> {
    const key = groupKey(group);
    const { generation } = group.metadata;
    const last = verified.get(key);
    const isFresh =
      last !== undefined && last.generation === generation && options.nowMs() - last.atMs < VERIFY_EVERY_MS;
    if (last !== undefined && isFresh && last.result.problems.length === 0) return last.result;
    const result = await options.verify(group, token);
    if (result.problems.length === 0) metrics.verified(group, options.nowMs());
    verified.set(key, { atMs: options.nowMs(), generation, result });
    return result;
  }

  async function writeStatus(group: MadGroup, found: Found): Promise<void> {
    const status = statusOf(group, found, new Date(options.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z'));
    metrics.status(group, status);
    if (isDeepStrictEqual(JSON.parse(JSON.stringify(status)), group.status)) return;
    await cluster.writeStatus(group, status);
    for (const condition of status.conditions ?? []) {
      const before = group.status?.conditions?.find(({ type }) => type === condition.type);
      if (before?.status === condition.status) continue;
      const type = isBad(condition.type, condition.status) ? 'Warning' : 'Normal';
      if (condition.type === 'Progressing' && before === undefined) continue;
      await cluster.event(group, {
        type,
        reason: `${condition.type}${condition.status}`,
        message: condition.message,
      });
    }
  }
}

const isBad = (type: string, status: string): boolean =>
  type === 'Degraded' ? status === 'True' : type !== 'Progressing' && status === 'False';

const refusedBy = (refused: Refusal): Found => ({
  refused,
  paused: false,
  workloads: [],
  absent: [],
  verification: null,
});
