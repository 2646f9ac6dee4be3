import { SCOPES } from '@mad-group/protocol';
import { z } from 'zod';
import { EXTRA_MADS, extraMad } from './extra-mad.ts';
import {
  dashboard,
  image,
  interval,
  labels,
  llm,
  NETWORK_OF_CLUSTER,
  networkPolicy,
  onlyOne,
  persistence,
  placement,
  prometheusRule,
  reach,
  replicas,
  resources,
  runbook,
  service,
  text,
  tracing,
} from './fields.ts';
import {
  administered,
  keeping,
  madValues,
  SSH_KEYS,
  TASK_KEYS,
  THINKING_KEYS,
  thinking,
} from './mad-values.ts';

const redis = z.strictObject({
  auth: z
    .strictObject({
      existingSecret: text().describe(
        'Secret with the password, in the place of one that is made once and kept.',
      ),
      existingSecretKey: z.string().min(1).default('password'),
    })
    .prefault({}),
  external: z
    .strictObject({
      url: z
        .string()
        .regex(/^(rediss?:\/\/[^@]+)?$/)
        .default('')
        .describe(
          'A Redis outside, `redis://` or `rediss://`: then none runs here. Its password comes from `auth.existingSecret`.',
        ),
      tls: z.boolean().default(false).describe('TLS to the servers that Sentinel names.'),
      caSecret: text().describe('Secret whose `ca.crt` signed its certificate.'),
      ...reach('Redis'),
    })
    .prefault({}),
  sentinels: z
    .array(z.string().regex(/^[^:/]+:[0-9]+$/))
    .default([])
    .describe('`HOST:PORT` of each Sentinel, in the place of `external.url`.'),
  sentinelMaster: z.string().min(1).default('mymaster').describe('Name that Sentinel knows the primary by.'),
  image: image('redis', '7-bookworm', 'Redis 7.0 or later.'),
  maxMemoryMb: z
    .int()
    .min(32)
    .default(512)
    .describe(
      'Redis refuses writes past it, in MiB; below the memory limit by what a rewrite of its file needs.',
    ),
  extraConfig: text().describe('Further lines of redis.conf.'),
  persistence: persistence('2Gi'),
  replicas: onlyOne('a second Redis would be another bus; for failover set redis.sentinels'),
  resources: resources({ cpu: '100m', memory: '256Mi' }, { memory: '1Gi' }),
  service,
  networkPolicy: z.strictObject(networkPolicy).prefault({}),
  ...placement,
  global: z.looseObject({}).default({}),
});

const grace = z.strictObject({
  enabled: z.boolean().default(true),
  replicas: replicas(1),
  ...madValues({
    id: 'grace',
    keys: ['GRACE_MAX_CLIENTS', 'GRACE_CLIENT_IDLE_MINUTES'],
    cpu: '100m',
    memory: '192Mi',
    memoryLimit: '768Mi',
  }),
});

const fiedler = z.strictObject({
  enabled: z.boolean().default(true),
  replicas: onlyOne('its tasks are in one SQLite file, which has one writer'),
  ...madValues({
    id: 'fiedler',
    keys: [...THINKING_KEYS, ...TASK_KEYS, ...SSH_KEYS],
    cpu: '100m',
    memory: '256Mi',
    memoryLimit: '1Gi',
  }),
  ...thinking,
  ...administered,
  ...keeping('2Gi'),
});

const rogers = z.strictObject({
  enabled: z.boolean().default(true),
  replicas: onlyOne('its counts are in one SQLite file, and a message is counted once'),
  ...madValues({
    id: 'rogers',
    keys: [...THINKING_KEYS, ...TASK_KEYS, ...SSH_KEYS, 'METRICS_RETENTION_DAYS'],
    cpu: '100m',
    memory: '256Mi',
    memoryLimit: '1Gi',
  }),
  ...thinking,
  ...administered,
  ...keeping('2Gi'),
});

const sequentialThinking = z.strictObject({
  enabled: z.boolean().default(true),
  replicas: replicas(1),
  ...madValues({
    id: 'sequential-thinking',
    keys: THINKING_KEYS,
    cpu: '50m',
    memory: '128Mi',
    memoryLimit: '512Mi',
  }),
  llm,
});

const member = (name: string) =>
  z.looseObject({}).default({}).describe(`Values of \`charts/${name}\`: see its README.`);

const madGroup = z.strictObject({
  llm,
  tracing,
  admin: z
    .strictObject({
      existingSecret: text(),
      existingSecretKey: z.string().min(1).default('token'),
    })
    .prefault({})
    .describe('Token of the caller `admin`: yours, or one that is made once and kept over upgrades.'),
  callers: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/),
        scopes: z.array(z.enum(SCOPES)).min(1),
        existingSecret: z.string().optional(),
        existingSecretKey: z.string().optional(),
      }),
    )
    .default([])
    .describe(
      'Who may call, beside `admin`: `{name, scopes, existingSecret, existingSecretKey}`. A token is made for whoever brings no Secret. Scopes: read, converse, publish, admin.',
    ),
  knownSecrets: z
    .record(z.string(), z.string())
    .default({})
    .describe(
      'What Secrets hold, by `SECRET/KEY`, for whoever renders without a look into the cluster: something else restarts what reads it. It is in no manifest, but in sums over it.',
    ),
  prometheusRule: prometheusRule({ runbookUrl: runbook('docs/alerts.md', 'maddown') }).describe(
    'Alerts: see docs/alerts.md. Needs the CRDs of the Prometheus Operator.',
  ),
  dashboard,
  redis: member('redis'),
  grace: member('grace'),
  fiedler: member('fiedler'),
  rogers: member('rogers'),
  'sequential-thinking': member('sequential-thinking'),
  extraMads: EXTRA_MADS.describe(
    'MADs of your own: `{name, image: {repository, tag}}`, and any value of `charts/extra-mad`: see its README and docs/your-own-mad.md.',
  ),
  'extra-mad': z
    .looseObject({})
    .default({})
    .describe('Values of `charts/extra-mad` for all of `extraMads`; those of an entry win.'),
  global: z
    .looseObject({
      image: z
        .strictObject({
          registry: text().describe('Registry before every repository that names none itself.'),
          tag: text().describe('Tag of the MADs’ images; the appVersion where empty.'),
          pullPolicy: z.enum(['', 'Always', 'IfNotPresent', 'Never']).default(''),
        })
        .prefault({}),
      imagePullSecrets: placement.imagePullSecrets.describe('`[{name: …}]`'),
      commonLabels: placement.commonLabels.describe('On every object.'),
      nodeSelector: placement.nodeSelector,
      tolerations: placement.tolerations,
      affinity: placement.affinity,
      priorityClassName: placement.priorityClassName,
      inGroup: z
        .literal(true)
        .default(true)
        .describe('Tells the charts of the members that the group renders them.'),
    })
    .prefault({})
    .describe('For all members; a member’s own value wins.'),
});

const madOperator = z.strictObject({
  replicas: replicas(1).describe('All but one wait for the lead.'),
  image: image('mad/operator', '', 'The chart’s appVersion where empty.'),
  watchNamespace: text().describe(
    'The only namespace whose groups are kept. Where empty all of them, but those that have an operator of their own.',
  ),
  crd: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe(
          'The definition of MadGroup: upgraded with this release, kept at its uninstall. It is the cluster’s and belongs to one release: false in every other.',
        ),
    })
    .prefault({}),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  resources: resources({ cpu: '100m', memory: '256Mi' }, { memory: '1Gi' }),
  service: z
    .strictObject({
      enabled: z.boolean().default(false),
      annotations: labels(),
    })
    .prefault({})
    .describe('For whoever reads the metrics; with a ServiceMonitor it is always made.'),
  serviceMonitor: z
    .strictObject({
      enabled: z.boolean().default(false),
      interval: interval(),
      labels: labels(),
    })
    .prefault({})
    .describe('Needs the CRDs of the Prometheus Operator.'),
  prometheusRule: prometheusRule({
    runbookUrl: runbook('docs/operator.md', 'alerts-madgroupdegraded'),
    madsRunbookUrl: runbook('docs/alerts.md', 'madbuslag').describe(
      'The same of the alerts of the groups’ MADs, which come with these.',
    ),
  }).describe('Alerts: see docs/operator.md. Needs the CRDs of the Prometheus Operator.'),
  dashboard,
  networkPolicy: z
    .strictObject({
      enabled: z.boolean().default(false),
      prometheus: NETWORK_OF_CLUSTER.prometheus,
      extraIngress: networkPolicy.extraIngress,
    })
    .prefault({})
    .describe(
      'Lets nobody in but whoever reads the metrics. What goes out is not limited: no chart knows where the API server is.',
    ),
  ...placement,
  serviceAccount: placement.serviceAccount.describe('Its token is the operator’s alone.'),
  global: z.looseObject({}).default({}),
});

/** Schema of each chart's values, by the chart's name. */
export const CHARTS: Readonly<Record<string, z.ZodObject>> = {
  redis,
  grace,
  fiedler,
  rogers,
  'sequential-thinking': sequentialThinking,
  'extra-mad': extraMad,
  'mad-group': madGroup,
  'mad-operator': madOperator,
};
