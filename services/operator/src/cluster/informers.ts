import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger, MadGroup } from '@mad-group/protocol';
import type { KubernetesManifest } from '../render/manifest.ts';
import { GROUP_LABEL, OWN_OPERATOR_LABEL, POD_SELECTOR } from '../render/names.ts';
import { type Cache, groupKey } from './cluster.ts';
import { CONFIG_MAPS, type Kind, MAD_GROUPS, OWNED_KINDS } from './kinds.ts';
import { createLastingWatch, type LastingWatch } from './lasting-watch.ts';
import { createObjectIndex, isAnother, isNewer } from './object-index.ts';
import { createOptionalKinds } from './optional-kinds.ts';
import { createPlainObjects } from './plain-objects.ts';

export interface Informers extends Cache {
  /** Kinds that could not be listed yet. */
  unlisted(): readonly string[];
  /** Resolves when every kind was listed once. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Watches the groups, and by their label all that belongs to them. Where all namespaces are looked at,
 * groups of those that have an operator of their own are not seen: two operators of different versions
 * would each undo without end what the other does.
 *
 * @param options.onChange is called with `namespace/name` of the group of which something has changed
 */
export function createInformers(options: {
  readonly kubeconfig: KubeConfig;
  readonly namespace?: string | undefined;
  readonly onChange: (key: string) => void;
  /** What is kept of an object; of pods it is their state. */
  readonly keep: (object: KubernetesManifest) => KubernetesManifest;
  readonly log: Logger;
}): Informers {
  const { kubeconfig, namespace, onChange, keep, log } = options;
  const common = { kubeconfig, namespace, log, objects: createPlainObjects(kubeconfig) };
  const groups = new Map<string, MadGroup>();
  /** Namespaces that have an operator of their own. */
  const others = new Set<string | undefined>();
  const index = createObjectIndex();
  const putGroup = (object: KubernetesManifest, isThere: boolean): boolean => {
    const group = object as unknown as MadGroup;
    const known = groups.get(groupKey(group)) as KubernetesManifest | undefined;
    if (known !== undefined && (isThere ? !isNewer(object, known) : isAnother(object, known))) return false;
    if (isThere) groups.set(groupKey(group), group);
    else groups.delete(groupKey(group));
    return true;
  };
  const watchOwned = (type: Kind): LastingWatch =>
    createLastingWatch({
      ...common,
      type,
      ...(type.kind === 'Pod'
        ? { labelSelector: POD_SELECTOR, keep: stateOfPod }
        : { labelSelector: GROUP_LABEL, keep }),
      onChange(object, isThere) {
        for (const key of index.put(object, isThere)) onChange(key);
      },
    });
  const watches = new Map<string, LastingWatch>([
    [
      MAD_GROUPS.kind,
      createLastingWatch({
        ...common,
        type: MAD_GROUPS,
        onChange(object, isThere) {
          if (putGroup(object, isThere)) onChange(groupKey(object as unknown as MadGroup));
        },
      }),
    ],
    ...OWNED_KINDS.map((type) => [type.kind, watchOwned(type)] as const),
  ]);
  // There are other kinds, of which the charts make other things of the same values, or other namespaces.
  const lookAtAll = (): void => {
    for (const key of groups.keys()) onChange(key);
  };
  if (namespace === undefined) {
    const ownOperators = createLastingWatch({
      ...common,
      type: CONFIG_MAPS,
      labelSelector: OWN_OPERATOR_LABEL,
      onChange({ metadata }, isThere) {
        if (isThere) others.add(metadata.namespace);
        else others.delete(metadata.namespace);
        lookAtAll();
      },
    });
    watches.set(`ConfigMap of ${OWN_OPERATOR_LABEL}`, ownOperators);
  }
  const optional = createOptionalKinds({
    kubeconfig,
    log,
    onCome(type) {
      const watch = watchOwned(type);
      watches.set(type.kind, watch);
      void watch.start();
      lookAtAll();
    },
    onGo({ kind }) {
      void watches.get(kind)?.stop();
      watches.delete(kind);
      index.forget(kind);
      lookAtAll();
    },
  });

  const isOurs = ({ metadata }: MadGroup): boolean => !others.has(metadata.namespace);

  return {
    groups: () => [...groups.values()].filter(isOurs),
    group(key) {
      const group = groups.get(key);
      return group !== undefined && isOurs(group) ? group : undefined;
    },
    owned: (group) => index.of(groupKey(group)),
    put(object) {
      if (object.kind === MAD_GROUPS.kind) putGroup(object, true);
      else index.put(object, true);
    },
    optionalKinds: () => optional.there(),
    unlisted: () => [...watches].filter(([, watch]) => !watch.isListed).map(([kind]) => kind),
    async start() {
      await Promise.all([optional, ...watches.values()].map((each) => each.start()));
    },
    async stop() {
      await optional.stop();
      await Promise.all([...watches.values()].map((watch) => watch.stop()));
    },
  };
}

/** What a pod is made of is in its workload: with its state alone a cache of many groups stays small. */
function stateOfPod({ apiVersion, kind, metadata, status }: KubernetesManifest): KubernetesManifest {
  const { name, namespace, uid, resourceVersion, labels } = metadata;
  const kept = {
    name,
    namespace,
    uid,
    resourceVersion,
    labels,
    deletionTimestamp: metadata.deletionTimestamp,
  };
  return JSON.parse(JSON.stringify({ apiVersion, kind, metadata: kept, status })) as KubernetesManifest;
}
