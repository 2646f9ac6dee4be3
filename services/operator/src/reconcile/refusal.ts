import type { MadGroup, MadGroupSpec } from '@mad-group/protocol';
import { OPTIONAL_KINDS, type OptionalKind, placeOf } from '../cluster/kinds.ts';
import type { KubernetesManifest } from '../render/manifest.ts';
import { ADOPT_ANNOTATION, BUS_SECRET_NAME, tokensSecretName } from '../render/names.ts';
import { givenSecrets, type MissingSecret } from './secrets.ts';

/** Why a spec is not carried out: a word for programs, and what to do for people. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** What the API server could not see: other objects, and what this version cannot do. */
export function findRefusal(
  group: MadGroup,
  groups: readonly MadGroup[],
  missing: readonly MissingSecret[],
): Refusal | null {
  const { name, namespace } = group.metadata;
  const first = groups
    .filter((other) => other.metadata.namespace === namespace)
    .toSorted(byAge)
    .at(0);
  if (first !== undefined && first.metadata.name !== name) {
    const message = `Namespace ${namespace} already holds the group ${first.metadata.name}, and their Services have the same names: put this one into a namespace of its own.`;
    return { reason: 'NamespaceTaken', message };
  }
  const planless = findPlanless(group.spec);
  if (planless.length > 0) {
    const names = planless.join(' and ');
    const message = `mads has no sequential-thinking, where ${names} would have plans made: add { name: sequential-thinking }, or say in values.sequentialThinkingUrl of ${names} where there is one.`;
    return { reason: 'MadMissing', message };
  }
  const release = group.metadata.annotations?.[ADOPT_ANNOTATION];
  if (release !== undefined && release !== name) {
    const message = `${ADOPT_ANNOTATION} names the release ${release}, whose name is in what selects its pods: a MadGroup that takes it over is called ${release}, too.`;
    return { reason: 'AdoptionRefused', message };
  }
  const own = [BUS_SECRET_NAME, tokensSecretName(name)];
  const clash = givenSecrets(group).find((ref) => own.includes(ref.name));
  if (clash !== undefined) {
    const message = `${clash.field} names the Secret ${clash.name}, which is the operator's own: give yours another name.`;
    return { reason: 'NameTaken', message };
  }
  if (missing.length > 0) {
    const message = missing
      .map(
        ({ field, name: of, key }) =>
          `${field} names the Secret ${of} with the key ${key}, which is not there.`,
      )
      .join(' ');
    return { reason: 'SecretMissing', message: `${message} Create it, or correct the name.` };
  }
  return null;
}

/** MADs that have plans made by Sequential Thinking, where there is none. */
const findPlanless = ({ mads }: MadGroupSpec): string[] =>
  mads.some(({ name }) => name === 'sequential-thinking')
    ? []
    : mads
        .filter(({ name, values }) => PLANNERS.includes(name) && values?.sequentialThinkingUrl === undefined)
        .map(({ name }) => name);
const PLANNERS: readonly string[] = ['fiedler', 'rogers'];

/** Kinds that a MAD's values ask for and the cluster does not have. */
export function findMissingKind({ spec }: MadGroup, there: readonly OptionalKind[]): Refusal | null {
  for (const missing of OPTIONAL_KINDS.filter((kind) => !there.includes(kind))) {
    const { apiVersion, kind, comesWith, value } = missing;
    const asking = spec.mads.filter(({ values }) => isOn(values?.[value])).map(({ name }) => name);
    if (asking.length === 0) continue;
    const message = `The values of ${asking.join(', ')} ask for a ${kind}, and this cluster has no ${kind} of ${apiVersion}: install ${comesWith}, or take ${value}.enabled out.`;
    return { reason: 'KindMissing', message };
  }
  return null;
}

const isOn = (part: unknown): boolean => (part as { enabled?: unknown } | undefined)?.enabled === true;

/** Kinds that the charts can make and this version does not apply. */
export function findUnknownKind(manifests: readonly KubernetesManifest[]): Refusal | null {
  for (const manifest of manifests) {
    try {
      placeOf(manifest);
    } catch (error) {
      return { reason: 'NotSupported', message: `${(error as Error).message} Take it out of values.` };
    }
  }
  return null;
}

/** The older one first; of the same second, the one that is first by name. */
const byAge = (a: MadGroup, b: MadGroup): number => ageOf(a).localeCompare(ageOf(b));
const ageOf = ({ metadata }: MadGroup): string =>
  `${(metadata as { creationTimestamp?: string }).creationTimestamp ?? ''} ${metadata.name}`;
