import {
  CustomObjectsApi,
  type KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import type { KubernetesManifest } from '../render/manifest.ts';
import { FIELD_MANAGER } from '../render/names.ts';
import { type Kind, placeOf } from './kinds.ts';

type Header = Pick<KubernetesManifest, 'apiVersion' | 'kind' | 'metadata'>;
type PatchType = (typeof PatchStrategy)['ServerSideApply' | 'MergePatch'];

/** Objects of the API server as the JSON that they are. */
export interface PlainObjects {
  list(
    kind: Kind,
    namespace: string | undefined,
    labelSelector?: string,
  ): Promise<{ items: KubernetesManifest[] }>;
  read(header: Header): Promise<KubernetesManifest>;
  patch(
    object: KubernetesManifest,
    type: PatchType,
    options?: { dryRun?: boolean },
  ): Promise<KubernetesManifest>;
  delete(object: Header, propagation: 'Background' | 'Orphan'): Promise<void>;
}

/**
 * The client writes and reads what it has a model of by that model, and its models call `from` in a
 * NetworkPolicy `_from`: a rule as everyone else writes it would go out without its peers, and be open
 * to all. Objects without a model pass as they are; only those of the core have to have one, and none
 * of those that are made here has such a field.
 */
export function createPlainObjects(kubeconfig: KubeConfig): PlainObjects {
  const core = KubernetesObjectApi.makeApiClient(kubeconfig);
  const grouped = kubeconfig.makeApiClient(CustomObjectsApi);
  const plain = <T>(object: unknown): T => JSON.parse(JSON.stringify(object)) as T;
  const inside = ({ metadata }: Header): { namespace: string; name: string } => ({
    namespace: metadata.namespace as string,
    name: metadata.name,
  });

  return {
    async list(kind, namespace, labelSelector) {
      const place = placeOf(kind);
      const selector = labelSelector === undefined ? {} : { labelSelector };
      if (place === null) {
        return plain(
          await core.list(
            kind.apiVersion,
            kind.kind,
            namespace,
            undefined,
            undefined,
            undefined,
            undefined,
            labelSelector,
          ),
        );
      }
      const { plural, ...api } = place;
      return plain(
        namespace === undefined
          ? await grouped.listCustomObjectForAllNamespaces({ ...api, resourcePlural: plural, ...selector })
          : await grouped.listNamespacedCustomObject({ ...place, namespace, ...selector }),
      );
    },
    async read(header) {
      const place = placeOf(header);
      return plain(
        place === null
          ? await core.read(header as never)
          : await grouped.getNamespacedCustomObject({ ...place, ...inside(header) }),
      );
    },
    async patch(object, type, { dryRun = false } = {}) {
      const place = placeOf(object);
      const force = type === PatchStrategy.ServerSideApply ? true : undefined;
      const dry = dryRun ? 'All' : undefined;
      if (place === null) {
        return plain(await core.patch(object as never, undefined, dry, FIELD_MANAGER, force, type));
      }
      return plain(
        await grouped.patchNamespacedCustomObject(
          {
            ...place,
            ...inside(object),
            body: object,
            fieldManager: FIELD_MANAGER,
            ...(force === undefined ? {} : { force }),
            ...(dry === undefined ? {} : { dryRun: dry }),
          },
          setHeaderOptions('Content-Type', type),
        ),
      );
    },
    async delete(object, propagationPolicy) {
      const place = placeOf(object);
      const { uid } = object.metadata;
      // Not one of the same name that has come meanwhile. Where there is a body, the API server reads no
      // options from the address: the policy must be here, or the pods of an orphan would go with it.
      const body = { propagationPolicy, ...(uid === undefined ? {} : { preconditions: { uid } }) };
      if (place === null) {
        await core.delete(object as never, undefined, undefined, undefined, undefined, undefined, body);
      } else {
        await grouped.deleteNamespacedCustomObject({ ...place, ...inside(object), body });
      }
    },
  };
}
