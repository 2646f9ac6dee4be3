import type { MadGroup, MadGroupStatus } from '@mad-group/protocol';
import type { KubernetesManifest } from '../render/manifest.ts';
import type { OptionalKind } from './kinds.ts';

interface ClusterEvent {
  readonly type: 'Normal' | 'Warning';
  /** In one word, as `SecretRotated`. */
  readonly reason: string;
  readonly message: string;
}

/** What Kubernetes' own parts warn of: a claim that is not bound, a Secret that cannot be mounted. */
export interface Warning {
  /** Of the object that it is about. */
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly reason: string;
  readonly message: string;
}

/** What the operator asks of the API server. Errors carry the HTTP status as `code`. */
export interface Cluster {
  /** Server-side apply under the operator's name, over whoever else set its fields. */
  apply(object: KubernetesManifest, options?: { readonly dryRun?: boolean }): Promise<KubernetesManifest>;
  /** Says anew who set which fields of an object, as it was when it was read. */
  setManagedFields(live: KubernetesManifest, entries: readonly object[]): Promise<void>;
  /** Idempotent: what is not there is deleted. An orphan's pods stay; resolves when the object is gone then. */
  delete(object: KubernetesManifest, options?: { readonly orphan?: boolean }): Promise<void>;
  /** Asks for more room in a claim. */
  growClaim(namespace: string, name: string, size: string): Promise<void>;
  /** Null where there is none. */
  read(
    header: Pick<KubernetesManifest, 'apiVersion' | 'kind' | 'metadata'>,
  ): Promise<KubernetesManifest | null>;
  /** @returns the group as it is now */
  writeStatus(group: MadGroup, status: MadGroupStatus): Promise<KubernetesManifest>;
  /** Warnings of the last hour or so in a namespace, the newest first. */
  warnings(namespace: string): Promise<readonly Warning[]>;
  /** Tells people, beside the group. An event that cannot be written is no reason to fail. */
  event(group: MadGroup, event: ClusterEvent): Promise<void>;
}

/** What the informers know, by the group's key `namespace/name`. */
export interface Cache {
  group(key: string): MadGroup | undefined;
  groups(): readonly MadGroup[];
  /** Objects that carry the group's label, pods too. */
  owned(group: MadGroup): readonly KubernetesManifest[];
  /** An object as a write has left it: the informers hear of it later. */
  put(object: KubernetesManifest): void;
  /** Those of the kinds that a cluster may lack which this one has. */
  optionalKinds(): readonly OptionalKind[];
}

export const groupKey = ({ metadata }: MadGroup): string => `${metadata.namespace}/${metadata.name}`;

/** HTTP status of an error of the API server; undefined for anything else. */
export const codeOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number'
    ? error.code
    : undefined;

/** What the API server said of an error; the client hides it in a body of JSON. */
export function wordsOf(error: unknown): string {
  const { body, message } = error as { readonly body?: unknown; readonly message?: string };
  try {
    const parsed = (typeof body === 'string' ? JSON.parse(body) : body) as { message?: string } | undefined;
    return parsed?.message ?? message ?? '';
  } catch {
    return message ?? '';
  }
}
