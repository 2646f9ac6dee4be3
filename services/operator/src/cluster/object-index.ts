import { type KubernetesManifest, keyOf } from '../render/manifest.ts';
import { GROUP_LABEL, RELEASE_LABEL } from '../render/names.ts';

/** Objects by the group that they are labelled with, so that a pass looks at its own alone. */
export interface ObjectIndex {
  /**
   * What was known already, or is older than that, changes nothing.
   *
   * @returns keys of the groups that this concerns: two, where the label was changed from one to the other
   */
  put(object: KubernetesManifest, isThere: boolean): readonly string[];
  /** @param group `namespace/name` */
  of(group: string): readonly KubernetesManifest[];
  /** Forgets all objects of a kind that is no more. */
  forget(kind: string): void;
}

export function createObjectIndex(): ObjectIndex {
  const byGroup = new Map<string, Map<string, KubernetesManifest>>();
  const groupOf = new Map<string, string>();

  function remove(id: string, group: string): void {
    groupOf.delete(id);
    const siblings = byGroup.get(group);
    siblings?.delete(id);
    if (siblings?.size === 0) byGroup.delete(group);
  }

  return {
    put(object, isThere) {
      const { namespace } = object.metadata;
      const id = `${namespace}/${keyOf(object)}`;
      const before = groupOf.get(id);
      const known = before === undefined ? undefined : byGroup.get(before)?.get(id);
      if (known !== undefined && (isThere ? !isNewer(object, known) : isAnother(object, known))) {
        // The watch holds this one: two of the same would cost twice as much.
        if (isThere && versionOf(object) === versionOf(known)) byGroup.get(before as string)?.set(id, object);
        return [];
      }
      const group = `${namespace}/${groupNameOf(object)}`;
      if (before !== undefined && (!isThere || before !== group)) remove(id, before);
      if (isThere) {
        groupOf.set(id, group);
        const siblings = byGroup.get(group) ?? new Map<string, KubernetesManifest>();
        byGroup.set(group, siblings.set(id, object));
      }
      return before === undefined || before === group ? [group] : [before, group];
    },
    of: (group) => [...(byGroup.get(group)?.values() ?? [])],
    forget(kind) {
      for (const [group, objects] of [...byGroup]) {
        for (const [id, object] of [...objects]) if (object.kind === kind) remove(id, group);
      }
    },
  };
}

/** Versions are decimal numbers that only grow (Kubernetes since 1.35 says so; etcd has always done it). */
export const isNewer = (object: KubernetesManifest, known: KubernetesManifest): boolean =>
  BigInt(versionOf(object)) > BigInt(versionOf(known));

const versionOf = ({ metadata }: KubernetesManifest): string => metadata.resourceVersion ?? '0';

/** One that was made anew under its name; that the earlier one is gone is heard later. */
export const isAnother = (object: KubernetesManifest, known: KubernetesManifest): boolean =>
  object.metadata.uid !== known.metadata.uid;

/** Pods carry no label of the group's own: with one, those of a release that becomes a group would have to be made anew. */
const groupNameOf = ({ kind, metadata }: KubernetesManifest): string | undefined =>
  metadata.labels?.[kind === 'Pod' ? RELEASE_LABEL : GROUP_LABEL];
