import { MAD_GROUP } from '@mad-group/protocol';

/** A kind and where it is listed. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

export const MAD_GROUPS: Kind = { ...MAD_GROUP, apiVersion: `${MAD_GROUP.group}/${MAD_GROUP.version}` };

export const CONFIG_MAPS: Kind = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' };

/** Kinds that the charts make, and pods, whose state is told of. */
export const OWNED_KINDS: readonly Kind[] = [
  { apiVersion: 'v1', kind: 'Secret', plural: 'secrets' },
  CONFIG_MAPS,
  { apiVersion: 'v1', kind: 'Service', plural: 'services' },
  { apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts' },
  { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets' },
  { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', plural: 'networkpolicies' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', plural: 'ingresses' },
];

/** A kind that a cluster may have or not. */
export interface OptionalKind extends Kind {
  /** What brings it, in words for people. */
  readonly comesWith: string;
  /** Value of a MAD's chart whose `enabled` asks for it. */
  readonly value: string;
}

/** Kinds that the charts make where they are asked for. */
export const OPTIONAL_KINDS: readonly OptionalKind[] = [
  {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    plural: 'servicemonitors',
    comesWith: 'the CRDs of the Prometheus Operator',
    value: 'serviceMonitor',
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    plural: 'httproutes',
    comesWith: 'the CRDs of the Gateway API',
    value: 'httpRoute',
  },
];

/** Where a kind of an API group is; null for those of the core, which have no group. */
export function placeOf({ apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>): {
  group: string;
  version: string;
  plural: string;
} | null {
  const [group, version] = apiVersion.split('/') as [string, string?];
  if (version === undefined) return null;
  const known = [MAD_GROUPS, ...OWNED_KINDS, ...OPTIONAL_KINDS].find(
    (each) => each.kind === kind && each.apiVersion === apiVersion,
  );
  if (known === undefined) throw new Error(`The operator makes no ${kind} of ${apiVersion}.`);
  return { group, version, plural: known.plural };
}
