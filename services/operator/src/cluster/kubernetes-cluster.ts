import { setTimeout as sleep } from 'node:timers/promises';
import {
  CoreV1Api,
  type CoreV1Event,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { type Logger, MAD_GROUP, type MadGroup } from '@mad-group/protocol';
import type { KubernetesManifest } from '../render/manifest.ts';
import { FIELD_MANAGER } from '../render/names.ts';
import { type Cluster, codeOf } from './cluster.ts';
import { MAD_GROUPS, placeOf } from './kinds.ts';
import { createPlainObjects } from './plain-objects.ts';

const MERGE = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
/** How long a deleted object is waited for: 10 s. */
const GONE_TRIES = 50;
const GONE_PAUSE_MS = 200;
/** Events are kept for an hour; those of a namespace in trouble are tens. */
const MOST_WARNINGS = 500;

export interface KubernetesClusterOptions {
  readonly log: Logger;
  /** Is told of each write before it is made; what it throws keeps it from being made. */
  readonly beforeWrite: (verb: string, kind: string) => void;
}

/** The API server that a kubeconfig, or the pod's own account, leads to. */
export function createKubernetesCluster(
  kubeconfig: KubeConfig,
  { log, beforeWrite }: KubernetesClusterOptions,
): Cluster {
  const objects = createPlainObjects(kubeconfig);
  const core = kubeconfig.makeApiClient(CoreV1Api);
  const custom = kubeconfig.makeApiClient(CustomObjectsApi);

  return {
    apply(object, { dryRun = false } = {}) {
      if (!dryRun) beforeWrite('apply', object.kind);
      return objects.patch(object, PatchStrategy.ServerSideApply, { dryRun });
    },
    async setManagedFields({ apiVersion, kind, metadata }, entries) {
      beforeWrite('adopt', kind);
      const { name, namespace, resourceVersion } = metadata;
      // The client makes text of times in what it has a model of, and takes no text for one.
      const time =
        placeOf({ apiVersion, kind }) === null ? new Date() : new Date().toISOString().replace(/\.\d+/, '');
      const managedFields = entries.map((entry) => ({ ...entry, time }));
      // With the version, whoever has changed it meanwhile is not overwritten: the next pass sees it.
      const patched = {
        name,
        ...(namespace && { namespace }),
        ...(resourceVersion && { resourceVersion }),
        managedFields,
      };
      await objects.patch({ apiVersion, kind, metadata: patched }, PatchStrategy.MergePatch);
    },
    async delete(object, { orphan = false } = {}) {
      beforeWrite('delete', object.kind);
      try {
        await objects.delete(object, orphan ? 'Orphan' : 'Background');
      } catch (error) {
        if (codeOf(error) !== 404) throw error;
      }
      // Its finalizer, which frees its pods, takes a moment; until then another one of its name cannot be.
      for (let tries = 0; orphan && tries < GONE_TRIES; tries += 1) {
        if ((await this.read(object))?.metadata.uid !== object.metadata.uid) return;
        await sleep(GONE_PAUSE_MS);
      }
      if (orphan) throw new Error(`${object.kind} ${object.metadata.name} was deleted and is not gone yet`);
    },
    async growClaim(namespace, name, size) {
      beforeWrite('patch', 'PersistentVolumeClaim');
      const body = { spec: { resources: { requests: { storage: size } } } };
      await core.patchNamespacedPersistentVolumeClaim({ namespace, name, body }, MERGE);
    },
    async read(header) {
      try {
        return await objects.read(header);
      } catch (error) {
        if (codeOf(error) === 404) return null;
        throw error;
      }
    },
    async writeStatus({ metadata }, status) {
      beforeWrite('status', MAD_GROUPS.kind);
      const { name, namespace } = metadata;
      // A list is replaced as a whole by a merge patch, and so is each condition.
      const patched: unknown = await custom.patchNamespacedCustomObjectStatus(
        {
          group: MAD_GROUP.group,
          version: MAD_GROUP.version,
          plural: MAD_GROUP.plural,
          namespace,
          name,
          body: { status },
        },
        MERGE,
      );
      return patched as KubernetesManifest;
    },
    async warnings(namespace) {
      const query = { namespace, fieldSelector: 'type=Warning', limit: MOST_WARNINGS };
      const { items } = await core.listNamespacedEvent(query).catch((error: unknown) => {
        log.warn({ err: error, namespace }, 'Events could not be read: troubles of pods are told of in part');
        return { items: [] };
      });
      return items
        .toSorted((a, b) => atOf(b) - atOf(a))
        .map(({ involvedObject: { kind = '', name = '', uid = '' }, reason = '', message = '' }) => ({
          kind,
          name,
          uid,
          reason,
          message,
        }));
    },
    async event(group, { type, reason, message }) {
      const { name, namespace, uid } = group.metadata as Required<MadGroup['metadata']>;
      const now = new Date();
      try {
        beforeWrite('create', 'Event');
        await core.createNamespacedEvent({
          namespace,
          body: {
            metadata: { generateName: `${name}-`, namespace },
            involvedObject: {
              apiVersion: MAD_GROUPS.apiVersion,
              kind: MAD_GROUPS.kind,
              name,
              namespace,
              uid,
            },
            type,
            reason,
            message: message.slice(0, 1024),
            source: { component: FIELD_MANAGER },
            firstTimestamp: now,
            lastTimestamp: now,
            count: 1,
          },
        });
      } catch (error) {
        log.warn({ err: error, reason }, 'An event could not be written');
      }
    },
  };
}

/** When an Event was last so, in milliseconds; newer ones have it in a series. */
const atOf = ({ lastTimestamp, eventTime, series }: CoreV1Event): number =>
  new Date(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? 0).getTime();
