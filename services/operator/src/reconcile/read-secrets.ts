import type { MadGroup } from '@mad-group/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import type { KubernetesManifest } from '../render/manifest.ts';
import { ADMIN, tokensSecretName } from '../render/names.ts';
import type { KnownSecrets } from '../render/values.ts';
import {
  givenSecrets,
  isKept,
  knownSecrets,
  type MissingSecret,
  ownSecretKeys,
  ownSecretNames,
  secretsOf,
} from './secrets.ts';

export interface GroupSecrets {
  /** Those that the operator makes, as they should be. */
  readonly own: readonly KubernetesManifest[];
  readonly known: KnownSecrets;
  /** Token of the caller `admin`. */
  readonly token: string;
  readonly missing: readonly MissingSecret[];
}

/**
 * What the group's Secrets hold: its own, as they should be, and those of others that it names. New
 * values are made only after the API server itself has said that there are none: a cache lags, and a
 * password that is made twice locks out whoever has read the first.
 */
export async function readSecrets(
  group: MadGroup,
  cached: readonly KubernetesManifest[],
  cluster: Pick<Cluster, 'read'>,
): Promise<GroupSecrets> {
  const { namespace } = group.metadata;
  const read = (name: string): Promise<KubernetesManifest | null> =>
    cluster.read({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } });
  const live: KubernetesManifest[] = [];
  for (const name of ownSecretNames(group)) {
    const secret = cached.find(({ kind, metadata }) => kind === 'Secret' && metadata.name === name);
    const isWhole = ownSecretKeys(group, name).every((key) => secret?.data?.[key] !== undefined);
    const sure = secret !== undefined && isWhole && isKept(group, secret) ? secret : await read(name);
    if (sure !== null) live.push({ ...sure, kind: 'Secret' });
  }
  const own = secretsOf(group, live);
  const known = new Map(own.map((secret) => [secret.metadata.name, secret]));
  for (const { name } of givenSecrets(group)) {
    if (known.has(name)) continue;
    const secret = await read(name);
    if (secret !== null) known.set(name, secret);
  }
  const valueAt = (ref: { name: string; key: string }): string | undefined => {
    const encoded = known.get(ref.name)?.data?.[ref.key];
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
  };
  return {
    own,
    known: knownSecrets(group, valueAt),
    token: valueAt({ name: tokensSecretName(group.metadata.name), key: ADMIN }) ?? '',
    missing: givenSecrets(group).filter((ref) => valueAt(ref) === undefined),
  };
}
