// Values that several charts have. Each is a zod schema with its default and its meaning, from which
// values.yaml, values.schema.json and the charts' READMEs are made.
import { z } from 'zod';

/** An object of Kubernetes' own: its API server checks it. */
const kubernetes = () => z.looseObject({}).default({});
export const objects = () => z.array(z.looseObject({})).default([]);
export const labels = () => z.record(z.string(), z.string()).default({});
export const text = () => z.string().default('');
/** Text with rules of its own, or nothing. */
export const matching = (pattern: RegExp) => z.string().regex(pattern).default('');

/** How often Prometheus reads metrics. */
export const interval = () =>
  z
    .string()
    .regex(/^[0-9]+(ms|s|m)$/)
    .default('30s');

/** A page that explains alerts, each under an anchor. */
export const runbook = (page: string, anchor: string) =>
  z
    .string()
    .min(1)
    .default(page)
    .describe(`Where that page is for you; each alert adds its anchor, as \`#${anchor}\`.`);

export const prometheusRule = <Pages extends z.ZodRawShape>(pages: Pages) =>
  z
    .strictObject({
      enabled: z.boolean().default(false),
      labels: labels().describe('Such as your Prometheus selects rules by.'),
      ...pages,
    })
    .prefault({} as never);

export const dashboard = z
  .strictObject({
    enabled: z.boolean().default(false),
    labels: z.record(z.string(), z.string()).default({ grafana_dashboard: '1' }),
    annotations: labels().describe('Such as name its folder.'),
  })
  .prefault({})
  .describe(
    'The dashboard as a ConfigMap for the sidecar of Grafana’s chart. It shows every group that Prometheus reads: one in a Grafana is enough.',
  );

/** A Kubernetes quantity of bytes. */
const QUANTITY = /^[0-9]+(\.[0-9]+)?([KMGTPE]i?)?$/;
const quantity = () => z.union([z.string().regex(QUANTITY), z.int().positive()]);
const CPU = /^[0-9]+(\.[0-9]+)?m?$/;
const cpu = () => z.union([z.string().regex(CPU), z.number().positive()]);

/**
 * A number that can only be one. The reason stands among the allowed values, since that list is what
 * Helm's error shows; the type keeps it from being chosen.
 */
export const onlyOne = (reason: string) =>
  z
    .any()
    .default(1)
    .meta({ type: 'integer', enum: [1, `only 1: ${reason}`] });

export const replicas = (count: number) => z.int().min(0).default(count);

/** @param repository empty where the user must say it: the chart asks for it by name */
export const image = (repository: string, tag: string, tagSays: string) =>
  z
    .strictObject({
      registry: text().describe(
        'Registry before the repository. Where empty it is `global.image.registry`, unless the repository names one itself.',
      ),
      repository: repository === '' ? text() : z.string().min(1).default(repository),
      tag: z.string().default(tag).describe(tagSays),
      digest: matching(/^(sha256:[0-9a-f]{64})?$/).describe('`sha256:…`; wins over the tag.'),
      pullPolicy: pullPolicy(),
    })
    .prefault({});

const pullPolicy = () =>
  z.enum(['', 'Always', 'IfNotPresent', 'Never']).default('').describe('`IfNotPresent` where empty.');

const requirements = () =>
  z.strictObject({
    cpu: cpu().optional(),
    memory: quantity().optional(),
    'ephemeral-storage': quantity().optional(),
  });

interface Amounts {
  readonly cpu?: string;
  readonly memory?: string;
}

export const resources = (requests: Amounts, limits: Amounts) =>
  z
    .strictObject({ requests: requirements().prefault(requests), limits: requirements().prefault(limits) })
    .prefault({})
    .describe('No limit of CPU, so that a burst is not throttled. V8’s heap follows the limit of memory.');

/** @param size empty where there is no claim until one is given */
export const persistence = (size: string) =>
  z
    .strictObject({
      size:
        size === ''
          ? z
              .union([z.literal(''), quantity()])
              .default('')
              .describe('Size of the claim; none where empty.')
          : quantity().default(size).describe('Size of the claim.'),
      storageClass: text().describe('The cluster’s default where empty.'),
      existingClaim: text().describe('A claim that is there already, instead of one made here.'),
      whenDeleted: z
        .enum(['Retain', 'Delete'])
        .default('Retain')
        .describe('What becomes of the claim at an uninstall.'),
    })
    .prefault({});

/** Where pods run and what they carry. */
export const placement = {
  imagePullSecrets: objects().describe('`[{name: …}]`, beside `global.imagePullSecrets`.'),
  nodeSelector: labels(),
  tolerations: objects(),
  affinity: kubernetes(),
  topologySpreadConstraints: objects().describe(
    'Where empty, replicas go to different nodes and zones as far as there are such.',
  ),
  priorityClassName: text(),
  podAnnotations: labels(),
  podLabels: labels(),
  podSecurityContext: kubernetes().describe('Over the defaults, which satisfy `restricted`.'),
  containerSecurityContext: kubernetes().describe('Over the defaults: no privileges, a read-only root.'),
  commonLabels: labels().describe('On every object, beside `global.commonLabels`.'),
  extraEnv: z
    .array(z.looseObject({ name: z.string().min(1) }))
    .default([])
    .describe('Further variables of the container, as Kubernetes writes them.'),
  serviceAccount: z
    .strictObject({ annotations: labels() })
    .prefault({})
    .describe('No pod has a token of the API server.'),
};

export const service = z
  .strictObject({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).default('ClusterIP'),
    annotations: labels(),
  })
  .prefault({});

/** Beside the pods that the group’s policies always let in. */
export const networkPolicy = {
  enabled: z.boolean().default(true),
  clients: objects().describe('Further peers that may connect, as NetworkPolicy writes them.'),
  extraIngress: objects().describe('Further rules, as NetworkPolicy writes them.'),
  extraEgress: objects(),
};

export const NETWORK_OF_CLUSTER = {
  prometheus: objects()
    .default([
      { namespaceSelector: {}, podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } } },
    ])
    .describe('Peers that may read the platform port.'),
  dns: objects()
    .default([
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
      { ipBlock: { cidr: '169.254.20.10/32' } },
    ])
    .describe('Peers that answer DNS: the cluster’s, and a cache on the node.'),
};

/** Peers and ports of an address, where they do not follow from it. */
export const reach = (what: string) => ({
  peers: objects().describe(
    `Peers of ${what} for the NetworkPolicy. Where empty they follow from the address: itself, its namespace, or the public network.`,
  ),
  ports: z
    .array(z.int().min(1).max(65_535))
    .default([])
    .describe('Ports behind it; where empty, that of the address.'),
});

export const llm = z
  .strictObject({
    model: text().describe('Model name, as the provider knows it; `gpt-4o-mini` where empty.'),
    baseUrl: matching(/^(https?:\/\/.+)?$/).describe(
      'Any OpenAI-compatible server. Without it and without a key, rules answer and say so.',
    ),
    apiKeySecret: text().describe('Secret with the provider’s key.'),
    apiKeySecretKey: text().describe('Key within that Secret; `api-key` where empty.'),
    egress: z.strictObject(reach('the provider')).prefault({}),
  })
  .prefault({});

export const tracing = z
  .strictObject({
    endpoint: matching(/^(https?:\/\/.+)?$/).describe(
      'Collector that takes OTLP over HTTP, as `http://otel-collector.monitoring:4318`. Without it nothing is traced.',
    ),
    headersSecret: text().describe(
      'Secret with headers that it asks for, as `authorization=Bearer%20…,x-tenant=…`.',
    ),
    headersSecretKey: text().describe('Key within that Secret; `headers` where empty.'),
    egress: z.strictObject(reach('the collector')).prefault({}),
  })
  .prefault({});

/** What the umbrella hands to every chart. */
export const global = z.looseObject({}).default({}).describe('Set by the group; see `charts/mad-group`.');
