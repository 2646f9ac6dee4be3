import { randomBytes } from 'node:crypto';
import type { MadGroup } from '@mad-group/protocol';
import type { KubernetesManifest } from '../render/manifest.ts';
import {
  ADMIN,
  BUS_SECRET_NAME,
  PASSWORD_KEY,
  ROTATE_ANNOTATION,
  tokensSecretName,
} from '../render/names.ts';
import { busSecretRef, type KnownSecrets } from '../render/values.ts';

const SSH_FIELD = 'ssh.existingSecret';

/** 256 bits, in letters that need no quotes anywhere. */
const newSecret = (): string => randomBytes(32).toString('hex');

/** Names of the Secrets that the operator makes for a group. */
export const ownSecretNames = (group: MadGroup): string[] => [
  tokensSecretName(group.metadata.name),
  ...(busSecretRef(group).name === BUS_SECRET_NAME ? [BUS_SECRET_NAME] : []),
];

/** Keys of one of them. */
export const ownSecretKeys = (group: MadGroup, name: string): string[] =>
  name === BUS_SECRET_NAME ? [PASSWORD_KEY] : [ADMIN, ...madeTokens(group)];

/** Whether a Secret's values are to be kept: it is there, and no other ones were asked for. */
export const isKept = (group: MadGroup, secret: KubernetesManifest | undefined): boolean =>
  secret !== undefined &&
  // An annotation that was taken away asks for nothing.
  ((group.metadata.annotations?.[ROTATE_ANNOTATION] ?? '') === '' ||
    secret.metadata.annotations?.[ROTATE_ANNOTATION] === group.metadata.annotations?.[ROTATE_ANNOTATION]);

/**
 * The Secrets that the operator makes for a group, as they should be: values that are there are kept,
 * unless the group asks for others by another value of its `mads.dev/rotate`. A deleted Secret is made
 * anew, which rotates it too.
 */
export function secretsOf(group: MadGroup, live: readonly KubernetesManifest[]): KubernetesManifest[] {
  const rotate = group.metadata.annotations?.[ROTATE_ANNOTATION] ?? '';
  return ownSecretNames(group).map((name) => {
    const there = live.find(({ kind, metadata }) => kind === 'Secret' && metadata.name === name);
    const kept = isKept(group, there) ? there?.data : undefined;
    const data = Object.fromEntries(
      ownSecretKeys(group, name).map((key) => [
        key,
        kept?.[key] ?? Buffer.from(newSecret()).toString('base64'),
      ]),
    );
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, annotations: { [ROTATE_ANNOTATION]: rotate } },
      data,
    };
  });
}

const madeTokens = ({ spec }: MadGroup): string[] =>
  spec.callers.filter(({ tokenSecretRef }) => tokenSecretRef === undefined).map(({ name }) => name);

/** A Secret that the group names and that is not there, or lacks its key. */
export interface MissingSecret {
  readonly name: string;
  readonly key: string;
  /** Field of the spec that names it. */
  readonly field: string;
}

/** Secrets of others that the group names. */
export function givenSecrets({ spec }: MadGroup): MissingSecret[] {
  const { llm, bus, tracing } = spec;
  const given = (field: string, ref: { name: string; key: string } | undefined): MissingSecret[] =>
    ref === undefined ? [] : [{ name: ref.name, key: ref.key, field }];
  const ca = bus.external?.tls?.caSecretRef ?? bus.sentinels?.tls?.caSecretRef;
  return [
    ...given('llm.apiKeySecretRef', llm.apiKeySecretRef),
    ...given('bus.passwordSecretRef', bus.passwordSecretRef),
    ...given('bus.external.passwordSecretRef', bus.external?.passwordSecretRef),
    ...given('bus.sentinels.passwordSecretRef', bus.sentinels?.passwordSecretRef),
    ...given('bus tls.caSecretRef', ca === undefined ? undefined : { name: ca.name, key: 'ca.crt' }),
    ...given('tracing.headersSecretRef', tracing.headersSecretRef),
    ...spec.mads.flatMap(({ name, values }) => [
      ...given(`mads[${name}].values.llm.apiKeySecret`, secretIn(values, 'llm', 'apiKeySecret', 'api-key')),
      ...given(
        `mads[${name}].values.tracing.headersSecret`,
        secretIn(values, 'tracing', 'headersSecret', 'headers'),
      ),
      ...given(
        `mads[${name}].values.${SSH_FIELD}`,
        secretIn(values, 'ssh', 'existingSecret', 'authorized_keys'),
      ),
    ]),
    ...spec.callers.flatMap(({ name, tokenSecretRef }) =>
      given(`callers[${name}].tokenSecretRef`, tokenSecretRef),
    ),
  ];
}

/** A MAD may have a model, a collector or administrators, and a Secret for them, of its own: `part`, `field` and `fieldKey` of its values. */
function secretIn(
  values: unknown,
  part: string,
  field: string,
  defaultKey: string,
): { name: string; key: string } | undefined {
  const fields = (values as Record<string, Record<string, unknown> | null> | undefined)?.[part];
  const [name, key] = [fields?.[field], fields?.[`${field}Key`]];
  if (typeof name !== 'string' || name === '') return undefined;
  return { name, key: typeof key === 'string' && key !== '' ? key : defaultKey };
}

/**
 * What pods read at their start, by `SECRET/KEY`; empty where nothing is there. Tokens of callers and
 * keys of administrators are read again while they run.
 */
export function knownSecrets(
  group: MadGroup,
  valueAt: (ref: { readonly name: string; readonly key: string }) => string | undefined,
): KnownSecrets {
  const given = givenSecrets(group).filter(
    ({ field }) => !field.startsWith('callers[') && !field.endsWith(SSH_FIELD),
  );
  const read = [busSecretRef(group), ...given];
  return Object.fromEntries(read.map((ref) => [`${ref.name}/${ref.key}`, valueAt(ref) ?? '']));
}
