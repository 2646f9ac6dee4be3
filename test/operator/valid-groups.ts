import { GROUP_MADS } from '@mad-group/protocol';

/** The example of the issue, with every field that there is. */
export const FULL_SPEC = {
  llm: {
    model: 'gpt-4o-mini',
    baseUrl: 'https://gateway.example/v1',
    apiKeySecretRef: { name: 'openai', key: 'api-key' },
    egress: { peers: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.1/32'] } }], ports: [443] },
  },
  bus: {
    storage: { size: '1Gi', storageClass: 'fast' },
    passwordSecretRef: { name: 'redis-auth', key: 'pw' },
  },
  mads: [
    { name: 'grace', replicas: 2 },
    {
      name: 'fiedler',
      storage: { size: '5Gi' },
      resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { cpu: 2, memory: '1Gi' } },
      values: { config: { TASK_CONCURRENCY: 8 }, nodeSelector: { disk: 'ssd' } },
    },
    { name: 'rogers' },
    { name: 'sequential-thinking', image: 'mirror.example:5000/mad/sequential-thinking' },
    { name: 'librarian', image: 'registry.example/librarian:1.2', replicas: 2, storage: { size: '1Gi' } },
  ],
  callers: [
    { name: 'ci', scopes: ['read', 'converse'] },
    { name: 'desk', scopes: ['publish'], tokenSecretRef: { name: 'desk', key: 'token' } },
  ],
  images: {
    registry: 'registry.example:5000/mads',
    tag: '0.1.0',
    pullPolicy: 'IfNotPresent',
    pullSecrets: [{ name: 'registry' }],
  },
  tracing: {
    endpoint: 'http://otel-collector.monitoring:4318',
    headersSecretRef: { name: 'otlp', key: 'headers' },
    egress: { peers: [{ namespaceSelector: {} }], ports: [4318] },
  },
  dataPolicy: 'Delete',
};

/** What a resource with only a name becomes. */
export const DEFAULT_SPEC = {
  llm: {},
  bus: {},
  mads: GROUP_MADS.map((name) => ({ name })),
  callers: [],
  images: {},
  tracing: {},
  dataPolicy: 'Retain',
};
