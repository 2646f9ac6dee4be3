import { EnvironmentSchema } from '@mad-group/mad';
import { z } from 'zod';
import {
  global,
  image,
  interval,
  labels,
  llm,
  matching,
  NETWORK_OF_CLUSTER,
  networkPolicy,
  objects,
  persistence,
  placement,
  reach,
  resources,
  service,
  text,
  tracing,
} from './fields.ts';

type EnvironmentKey = keyof typeof EnvironmentSchema.shape;

/** Keys of the environment that every MAD reads and its chart does not set itself. */
const COMMON_KEYS = [
  'LOG_LEVEL',
  'BUS_LOG_MAX_AGE_HOURS',
  'BUS_LOG_MAX_LENGTH',
  'BUS_LOG_MAX_MB',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT',
] as const;
export const THINKING_KEYS = ['LLM_PRICES', 'LLM_TIMEOUT_MS', 'LLM_OUTAGE_WAIT_MS'] as const;
export const TASK_KEYS = [
  'SEQUENTIAL_THINKING_TIMEOUT_MS',
  'TASK_CONCURRENCY',
  'TASK_QUEUE_MAX',
  'TASK_MAX_ATTEMPTS',
  'TASK_DEADLINE_MS',
  'TASK_RETENTION_DAYS',
] as const;

export const SSH_KEYS = ['SSH_MAX_CONNECTIONS', 'SSH_LOGIN_MS', 'SSH_IDLE_MS'] as const;

/**
 * Values of a MAD's settings: the environment's own schema, so that a typo or a bad number is refused
 * at once. A MAD of the user's own has further ones, which nobody here knows.
 */
function config(keys: readonly EnvironmentKey[], isExtra: boolean) {
  const fields = keys.map((key) => {
    const { default: fallback, ...schema } = z.toJSONSchema(EnvironmentSchema.shape[key], { io: 'output' });
    delete schema.$schema;
    const isSaid = fallback !== undefined && fallback !== '';
    const description = `${schema.description}${isSaid ? ` Default: ${fallback}.` : ''}`;
    return [
      key,
      z
        .any()
        .optional()
        .meta({ ...schema, description }),
    ] as const;
  });
  const known = z.strictObject(Object.fromEntries(fields));
  const meaning = 'Settings by their names in the environment: see docs/reference/environment.md';
  return isExtra
    ? known
        .catchall(z.union([z.string(), z.number(), z.boolean()]))
        .default({})
        .describe(`${meaning}; and those that it alone reads.`)
    : known.default({}).describe(`${meaning}.`);
}

interface MadOptions {
  readonly id: string;
  readonly keys: readonly EnvironmentKey[];
  /** Milliseconds of CPU are not limited. */
  readonly cpu: string;
  readonly memory: string;
  readonly memoryLimit: string;
  /** One of the user's own: its image must be said, and its settings are not all known. */
  readonly isExtra?: boolean;
}

/** What the chart of every MAD has. */
export const madValues = ({ id, keys, cpu, memory, memoryLimit, isExtra = false }: MadOptions) => ({
  image: isExtra ? image('', 'latest', '') : image(`mad/${id}`, '', 'The chart’s appVersion where empty.'),
  config: config([...COMMON_KEYS, ...keys], isExtra),
  drainSeconds: z
    .int()
    .min(0)
    .max(3600)
    .default(20)
    .describe('Time for running work at a stop; what is left goes back to the queue.'),
  redis: z
    .strictObject({
      url: matching(/^(rediss?(-sentinel)?:\/\/.+)?$/).describe(
        'The bus: `redis://`, `rediss://`, or `redis-sentinel://HOST:PORT,…#MASTER`.',
      ),
      passwordSecret: text().describe('Secret with its password.'),
      passwordKey: text().describe('Key within that Secret; `password` where empty.'),
      caSecret: text().describe('Secret whose `ca.crt` signed the certificate of a `rediss://` server.'),
      ...reach('Redis'),
    })
    .prefault({})
    .describe('Set by the group.'),
  callers: z
    .strictObject({
      configMap: text().describe('ConfigMap whose key `tokens` has lines of `name file:PATH scope,scope`.'),
      tokens: z
        .array(z.strictObject({ name: z.string(), secret: z.string(), key: z.string() }))
        .default([])
        .describe('Where those tokens are: each comes to `/run/secrets/callers/NAME`.'),
    })
    .prefault({})
    .describe('Set by the group. Without it only members of the group may call.'),
  tracing: tracing.describe('Set by the group.'),
  allowedHosts: z
    .array(z.string())
    .default([])
    .describe('Further `Host` names, beside the Service’s and those of the routes.'),
  allowedOrigins: z.array(z.string()).default([]).describe('Host names whose pages may connect.'),
  resources: resources({ cpu, memory }, { memory: memoryLimit }),
  service,
  ingress: z
    .strictObject({
      enabled: z.boolean().default(false),
      className: text(),
      host: text(),
      annotations: labels(),
      tlsSecret: text(),
    })
    .prefault({})
    .describe('Needs the controller’s pods among `networkPolicy.clients`.'),
  httpRoute: z
    .strictObject({
      enabled: z.boolean().default(false),
      parentRefs: objects(),
      hostnames: z.array(z.string()).default([]),
    })
    .prefault({})
    .describe('Gateway API, in the place of an Ingress.'),
  networkPolicy: z.strictObject({ ...networkPolicy, ...NETWORK_OF_CLUSTER }).prefault({}),
  serviceMonitor: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Made only where the Prometheus operator’s CRD is.'),
      interval: interval(),
      labels: labels(),
    })
    .prefault({}),
  ...placement,
  global,
});

/** What a MAD that thinks has, too. */
export const thinking = {
  llm,
  imperator: text().describe('Text of its IMPERATOR.md, in the place of the image’s.'),
};

/** What a MAD with a database has, too. */
export const keeping = (size: string) => ({
  persistence: persistence(size),
  sequentialThinkingUrl: z
    .string()
    .regex(/^wss?:\/\/.+$/)
    .default('ws://sequential-thinking:8003')
    .describe('Where plans are made.'),
});

/** Administration over SSH. Without keys there is no port, no volume and no rule. */
export const administered = {
  ssh: z
    .strictObject({
      existingSecret: text().describe('Secret with an `authorized_keys`; read again when it changes.'),
      existingSecretKey: z.string().min(1).default('authorized_keys'),
      authorizedKeys: text().describe('The same as text, from which a Secret is made.'),
      clients: objects().describe(
        'Peers that may connect beside pods labelled `mads.dev/admin: "true"`, as NetworkPolicy writes them.',
      ),
    })
    .prefault({})
    .describe('Administration over SSH on port 2222, for whoever has a key: see docs/ssh.md.'),
};
