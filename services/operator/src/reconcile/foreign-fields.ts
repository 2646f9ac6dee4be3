import type { KubernetesManifest } from '../render/manifest.ts';
import { FIELD_MANAGER } from '../render/names.ts';

/** As metadata.managedFields has it: who set which fields last. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: object;
  readonly subresource?: string;
}

/**
 * Whose fields are left alone: Kubernetes' own controllers, and a restart that somebody asked for by
 * `kubectl rollout restart`. What comes by way of a subresource (a status, an autoscaler's replicas)
 * is left alone, too.
 */
const RESPECTED = /^(kube-|kubectl-rollout|kubelet)/;

const isForeign = ({ manager = '', subresource = '', fieldsV1 = {} }: ManagedFields): boolean =>
  subresource === '' &&
  manager !== FIELD_MANAGER &&
  !RESPECTED.test(manager) &&
  Object.keys(fieldsV1).some((key) => key !== METADATA);

/** Labels, annotations and finalizers that others add are theirs; what we declare of them is forced anyway. */
const METADATA = 'f:metadata';

/**
 * The same entries with foreign ones made the operator's own; null where there are none. An apply
 * leaves fields alone that somebody else has added, such as a port in a list. Once they are its own,
 * the next apply removes what it does not declare (as client-go's csaupgrade moves fields to another
 * manager).
 */
export function adoptForeign(entries: readonly ManagedFields[]): ManagedFields[] | null {
  const foreign = entries.filter(isForeign);
  if (foreign.length === 0) return null;
  const own = entries.find(
    ({ manager, operation, subresource = '' }) =>
      manager === FIELD_MANAGER && operation === 'Apply' && subresource === '',
  );
  const adopted = {
    ...(own ?? foreign[0]),
    manager: FIELD_MANAGER,
    operation: 'Apply',
    fieldsV1: foreign.reduce((fields, entry) => union(fields, bodyOf(entry)), own?.fieldsV1 ?? {}),
  };
  const kept = entries.flatMap((entry) => {
    if (entry === own) return [];
    if (!isForeign(entry)) return [entry];
    const { [METADATA]: metadata } = (entry.fieldsV1 ?? {}) as Record<string, object>;
    return metadata === undefined ? [] : [{ ...entry, fieldsV1: { [METADATA]: metadata } }];
  });
  return [...kept, adopted];
}

/** Without the entries of whoever may have set its fields: half of an object, and of no use to anybody here. */
export function withoutOwnEntries(object: KubernetesManifest): KubernetesManifest {
  const { managedFields = [], ...metadata } = object.metadata;
  return (managedFields as readonly ManagedFields[]).some(isForeign) ? object : { ...object, metadata };
}

/** What an entry holds beside metadata. */
function bodyOf({ fieldsV1 = {} }: ManagedFields): object {
  const { [METADATA]: _, ...body } = fieldsV1 as Record<string, object>;
  return body;
}

/** A set of fields is a tree of keys, whose leaves are empty. */
function union(a: object, b: object): object {
  const fields: Record<string, object> = { ...a };
  for (const [key, below] of Object.entries(b) as [string, object][]) {
    fields[key] = union(fields[key] ?? {}, below);
  }
  return fields;
}
