import { setTimeout as sleep } from 'node:timers/promises';
import {
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import type { Logger, MadGroup } from '@mad-group/protocol';
import type { KubernetesManifest } from '../render/manifest.ts';
import { FIELD_MANAGER } from '../render/names.ts';
import { type Cluster, codeOf } from './cluster.ts';

const GROUP = { group: 'mads.dev', version: 'v1alpha1', plural: 'madgroups' };
/** How long a deleted object is waited for: 10 s. */
const GONE_TRIES = 50;
const GONE_PAUSE_MS = 200;
const MERGE = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** The API server that a kubeconfig, or the pod's own account, leads to. */
export function createKubernetesCluster(
  kubeconfig: KubeConfig,
  { log, onWrite }: { readonly log: Logger; readonly onWrite: (verb: string, kind: string) => void },
): Cluster {
  const objects = KubernetesObjectApi.makeApiClient(kubeconfig);
  const core = kubeconfig.makeApiClient(CoreV1Api);
  const custom = kubeconfig.makeApiClient(CustomObjectsApi);
  /** As JSON: the client makes dates of times, and what is compared comes from watches, which do not. */
  const plain = (object: unknown): KubernetesManifest =>
    JSON.parse(JSON.stringify(object)) as KubernetesManifest;

  return {
    async apply(object, { dryRun = false } = {}) {
      if (!dryRun) onWrite('apply', object.kind);
      return plain(
        await objects.patch(
          object as never,
          undefined,
          dryRun ? 'All' : undefined,
          FIELD_MANAGER,
          true,
          PatchStrategy.ServerSideApply,
        ),
      );
    },
    async setManagedFields(live, entries) {
      onWrite('adopt', live.kind);
      const { apiVersion, kind, metadata } = live;
      const { name, namespace, resourceVersion } = metadata;
      // With the version, whoever has changed it meanwhile is not overwritten: the next pass sees it.
      const managedFields = entries.map((entry) => ({ ...entry, time: new Date() }));
      const patch = { apiVersion, kind, metadata: { name, namespace, resourceVersion, managedFields } };
      await objects.patch(
        patch as never,
        undefined,
        undefined,
        FIELD_MANAGER,
        undefined,
        PatchStrategy.MergePatch,
      );
    },
    async delete(object, { orphan = false } = {}) {
      onWrite('delete', object.kind);
      const { uid } = object.metadata;
      try {
        await objects.delete(
          object as never,
          undefined,
          undefined,
          undefined,
          undefined,
          orphan ? 'Orphan' : 'Background',
          uid === undefined ? undefined : { preconditions: { uid } },
        );
      } catch (error) {
        if (codeOf(error) !== 404) throw error;
      }
      // Its finalizer, which frees its pods, takes a moment; until then another one of its name cannot be.
      for (let tries = 0; orphan && tries < GONE_TRIES; tries += 1) {
        if ((await this.read(object))?.metadata.uid !== uid) return;
        await sleep(GONE_PAUSE_MS);
      }
      if (orphan) throw new Error(`${object.kind} ${object.metadata.name} was deleted and is not gone yet`);
    },
    async growClaim(namespace, name, size) {
      onWrite('patch', 'PersistentVolumeClaim');
      const body = { spec: { resources: { requests: { storage: size } } } };
      await core.patchNamespacedPersistentVolumeClaim({ namespace, name, body }, MERGE);
    },
    async read(header) {
      try {
        return plain(await objects.read(header as never));
      } catch (error) {
        if (codeOf(error) === 404) return null;
        throw error;
      }
    },
    async writeStatus({ metadata }, status) {
      onWrite('status', 'MadGroup');
      const { name, namespace } = metadata as { name: string; namespace: string };
      // A list is replaced as a whole by a merge patch, and so is each condition.
      await custom.patchNamespacedCustomObjectStatus({ ...GROUP, namespace, name, body: { status } }, MERGE);
    },
    async event(group, { type, reason, message }) {
      const { name, namespace, uid } = group.metadata as Required<MadGroup['metadata']>;
      const now = new Date().toISOString();
      try {
        onWrite('create', 'Event');
        await objects.create({
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { generateName: `${name}-`, namespace },
          involvedObject: { apiVersion: 'mads.dev/v1alpha1', kind: 'MadGroup', name, namespace, uid },
          type,
          reason,
          message: message.slice(0, 1024),
          source: { component: FIELD_MANAGER },
          firstTimestamp: now,
          lastTimestamp: now,
          count: 1,
        } as never);
      } catch (error) {
        log.warn({ err: error, reason }, 'An event could not be written');
      }
    },
  };
}
