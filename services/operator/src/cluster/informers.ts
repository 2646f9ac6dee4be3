import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger, MadGroup } from '@mad-group/protocol';
import type { KubernetesManifest } from '../render/manifest.ts';
import { GROUP_LABEL } from '../render/names.ts';
import { type Cache, groupKey } from './cluster.ts';
import { MAD_GROUPS, OWNED_KINDS } from './kinds.ts';
import { createLastingWatch } from './lasting-watch.ts';
import { createPlainObjects } from './plain-objects.ts';

export interface Informers extends Cache {
  /** Resolves when every kind was listed once. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Watches the groups, and by their label all that belongs to them.
 *
 * @param options.onChange is called with `namespace/name` of the group of which something has changed
 */
export function createInformers(options: {
  readonly kubeconfig: KubeConfig;
  readonly namespace?: string | undefined;
  readonly onChange: (key: string) => void;
  readonly log: Logger;
}): Informers {
  const { kubeconfig, namespace, onChange, log } = options;
  const objects = createPlainObjects(kubeconfig);
  const groups = createLastingWatch({
    kubeconfig,
    objects,
    namespace,
    log,
    type: MAD_GROUPS,
    onChange: ({ metadata }) => onChange(`${metadata.namespace}/${metadata.name}`),
  });
  const owned = OWNED_KINDS.map((type) =>
    createLastingWatch({
      kubeconfig,
      objects,
      namespace,
      log,
      type,
      labelSelector: GROUP_LABEL,
      onChange: ({ metadata }) => onChange(`${metadata.namespace}/${metadata.labels?.[GROUP_LABEL]}`),
    }),
  );
  const all = [groups, ...owned];

  const asGroups = (): readonly MadGroup[] => groups.objects() as unknown as readonly MadGroup[];
  return {
    groups: asGroups,
    group: (key) => asGroups().find((group) => groupKey(group) === key),
    owned: ({ metadata }) =>
      owned
        .flatMap((watch) => watch.objects())
        .filter((object: KubernetesManifest) => {
          const { namespace: place, labels } = object.metadata;
          return place === metadata.namespace && labels?.[GROUP_LABEL] === metadata.name;
        }),
    async start() {
      await Promise.all(all.map((watch) => watch.start()));
    },
    async stop() {
      await Promise.all(all.map((watch) => watch.stop()));
    },
  };
}
