import type { MadGroup } from '@mad-group/protocol';
import { MAD_GROUPS } from '../cluster/kinds.ts';
import type { KubernetesManifest, OwnerReference } from '../render/manifest.ts';
import { GROUP_LABEL } from '../render/names.ts';

/** The group as owner: what it owns goes with it. */
const ownerOf = ({ metadata }: MadGroup): OwnerReference => ({
  apiVersion: MAD_GROUPS.apiVersion,
  kind: MAD_GROUPS.kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/**
 * Manifests of the charts as objects of a group: owned by it, labelled with it. Where nobody has said
 * how many replicas there should be, the number is left to others, such as an autoscaler.
 */
export function ownedBy(group: MadGroup, manifests: readonly KubernetesManifest[]): KubernetesManifest[] {
  return manifests.map((manifest) => {
    const { name } = manifest.metadata;
    const replicasAreSaid =
      manifest.kind !== 'Deployment' ||
      group.spec.mads.some(
        (mad) => mad.name === name && (mad.replicas ?? replicasIn(mad.values)) !== undefined,
      );
    const spec = replicasAreSaid ? manifest.spec : without(manifest.spec, 'replicas');
    return {
      ...manifest,
      metadata: {
        ...manifest.metadata,
        namespace: group.metadata.namespace,
        labels: {
          ...manifest.metadata.labels,
          'app.kubernetes.io/managed-by': 'mad-operator',
          [GROUP_LABEL]: group.metadata.name,
        },
        ownerReferences: [ownerOf(group)],
      },
      ...(spec === undefined ? {} : { spec }),
    };
  });
}

const replicasIn = (values: unknown): unknown => (values as { replicas?: unknown } | undefined)?.replicas;

function without(spec: unknown, field: string): unknown {
  const { [field]: _, ...rest } = spec as Record<string, unknown>;
  return rest;
}
