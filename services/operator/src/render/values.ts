import { GROUP_MADS, type MadGroup, type MadGroupSpec } from '@mad-group/protocol';
import { ADMIN, BUS_SECRET_NAME, PASSWORD_KEY, tokensSecretName } from './names.ts';

/** What Helm cannot look up, by `SECRET/KEY`: the chart makes sums of it, and another one restarts what uses it. */
export type KnownSecrets = Readonly<Record<string, string>>;

type Values = Record<string, unknown>;
type Mad = MadGroupSpec['mads'][number];

/**
 * Values of the chart `mad-group` for a group: pure, so that the same resource gives the same
 * manifests. A MAD's own `values` win over what its other fields say.
 */
export function groupValues(group: MadGroup, knownSecrets: KnownSecrets): Values {
  const { metadata, spec } = group;
  const { llm, tracing, callers, images, dataPolicy } = spec;
  return {
    llm: defined({
      model: llm.model,
      baseUrl: llm.baseUrl,
      apiKeySecret: llm.apiKeySecretRef?.name,
      apiKeySecretKey: llm.apiKeySecretRef?.key,
      egress: llm.egress,
    }),
    tracing: defined({
      endpoint: tracing.endpoint,
      headersSecret: tracing.headersSecretRef?.name,
      headersSecretKey: tracing.headersSecretRef?.key,
      egress: tracing.egress,
    }),
    admin: { existingSecret: tokensSecretName(metadata.name), existingSecretKey: ADMIN },
    callers: callers.map(({ name, scopes, tokenSecretRef }) => ({
      name,
      scopes,
      existingSecret: tokenSecretRef?.name ?? tokensSecretName(metadata.name),
      existingSecretKey: tokenSecretRef?.key ?? name,
    })),
    knownSecrets,
    redis: { ...redisValues(group), ...persistence(spec.bus.storage, dataPolicy) },
    ...Object.fromEntries(
      GROUP_MADS.map((name) => [
        name,
        memberValues(
          spec.mads.find((mad) => mad.name === name),
          dataPolicy,
        ),
      ]),
    ),
    extraMads: ownMads(group).map((mad) => ownMadValues(mad, dataPolicy)),
    global: {
      image: defined({ registry: images.registry, tag: images.tag, pullPolicy: images.pullPolicy }),
      imagePullSecrets: images.pullSecrets ?? [],
    },
  };
}

/** Secret and key of the bus' password: the user's, or the one that the operator makes. */
export function busSecretRef({ spec: { bus } }: MadGroup): { name: string; key: string } {
  const given = bus.external?.passwordSecretRef ?? bus.sentinels?.passwordSecretRef ?? bus.passwordSecretRef;
  return given ?? { name: BUS_SECRET_NAME, key: PASSWORD_KEY };
}

function redisValues(group: MadGroup): Values {
  const { name, key } = busSecretRef(group);
  const { external, sentinels } = group.spec.bus;
  const tls = external?.tls ?? sentinels?.tls;
  return {
    auth: { existingSecret: name, existingSecretKey: key },
    external: defined({
      url: external?.url,
      tls: sentinels?.tls === undefined ? undefined : true,
      caSecret: tls?.caSecretRef?.name,
    }),
    ...defined({ sentinels: sentinels?.addresses, sentinelMaster: sentinels?.master }),
  };
}

/** The MADs of a group that are none of the four, in the order of the values. */
const ownMads = ({ spec }: MadGroup): Mad[] =>
  spec.mads.filter(({ name }) => !(GROUP_MADS as readonly string[]).includes(name));

/** What Helm says of values, with their places as the spec has them. */
export const inWordsOfSpec = (group: MadGroup, message: string): string =>
  message.replaceAll(/\/extraMads\/(\d+)/g, (place, index) => {
    const mad = ownMads(group)[Number(index)];
    return mad === undefined ? place : `mads[${mad.name}].values`;
  });

function memberValues(mad: Mad | undefined, whenDeleted: string): Values {
  if (mad === undefined) return { enabled: false };
  const keeps = mad.name === 'fiedler' || mad.name === 'rogers';
  const own = {
    enabled: true,
    ...sharedValues(mad),
    ...(keeps ? persistence(mad.storage, whenDeleted) : {}),
  };
  return merge(own, mad.values ?? {});
}

function ownMadValues(mad: Mad, whenDeleted: string): Values {
  const own = { ...sharedValues(mad), ...persistence(mad.storage, whenDeleted) };
  // Its name is that of its status and of what the operator asks: no value changes it.
  return { ...merge(own, mad.values ?? {}), name: mad.name };
}

const sharedValues = ({ replicas, resources, image }: Mad): Values =>
  defined({ replicas, resources, image: image === undefined ? undefined : imageValues(image) });

const persistence = (storage: MadGroupSpec['bus']['storage'], whenDeleted: string): Values => ({
  persistence: { ...defined({ size: storage?.size, storageClass: storage?.storageClass }), whenDeleted },
});

/** `registry/repository:tag@digest` in the parts that the charts take. */
function imageValues(image: string): Values {
  const [rest, digest] = image.split('@') as [string, string?];
  const colon = rest.lastIndexOf(':');
  const hasTag = colon > rest.lastIndexOf('/');
  return defined({
    repository: hasTag ? rest.slice(0, colon) : rest,
    tag: hasTag ? rest.slice(colon + 1) : undefined,
    digest,
  });
}

/** Without what is undefined: Helm would take that for null, which removes a default. */
const defined = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deep; what is over wins. */
function merge(under: Values, over: Values): Values {
  const merged = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(value) && isObject(below) ? merge(below, value) : value;
  }
  return merged;
}
