import { parseAllDocuments } from 'yaml';
import type { AuditedRequest } from '../kit/audit-log.ts';

/** One verb for one resource, as a Role or ClusterRole allows it. */
export interface Permission {
  /** Undefined for all of them. */
  readonly namespace: string | undefined;
  readonly verb: string;
  /** `apps/statefulsets`; that of the core has no group before it. */
  readonly resource: string;
  /** The only object that it is about; undefined for all of them. */
  readonly name: string | undefined;
}

interface Role {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** Every permission that rendered manifests give, one by one. */
export function permissionsIn(rendered: string): Permission[] {
  const objects = parseAllDocuments(rendered).map((document) => document.toJS() as Role | null);
  const roles = objects.filter(
    (object) => object?.kind === 'Role' || object?.kind === 'ClusterRole',
  ) as Role[];
  return roles.flatMap(({ metadata, rules }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) =>
            (resourceNames ?? [undefined]).map((name) => ({
              namespace: metadata.namespace,
              verb,
              resource: group === '' ? resource : `${group}/${resource}`,
              name,
            })),
          ),
        ),
      ),
    ),
  );
}

/** `create apps/statefulsets in agents`, for people. */
export const wordsOf = ({ verb, resource, name, namespace }: Permission): string =>
  `${verb} ${resource}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`;

/** Whether a request needed the permission. */
export function isUsedBy(permission: Permission, request: AuditedRequest): boolean {
  const { apiGroup, resource, subresource, namespace, name } = request.objectRef ?? {};
  const asked = [apiGroup, resource, subresource]
    .filter((part) => part !== undefined && part !== '')
    .join('/');
  return (
    asked === permission.resource &&
    verbsOf(request).includes(permission.verb) &&
    (permission.namespace === undefined || permission.namespace === namespace) &&
    (permission.name === undefined || permission.name === name)
  );
}

/** An apply that makes an object needs `create` besides. */
const verbsOf = ({ verb, responseStatus }: AuditedRequest): readonly string[] =>
  verb === 'patch' && responseStatus?.code === 201 ? ['patch', 'create'] : [verb];
