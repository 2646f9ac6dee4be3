// What people get wrong in a MadGroup, and what the API server's answer to it must say: the field, and what to change.

export type Invalid = readonly [what: string, spec: object, words: RegExp];

const mads = (...list: readonly object[]) => ({ mads: list });
const caller = (fields: object) => ({ callers: [{ name: 'bob', scopes: ['read'], ...fields }] });
const passwordSecretRef = { name: 'redis-auth' };
const external = { url: 'redis://redis.example:6379', passwordSecretRef };
const sentinels = { addresses: ['sentinel-0:26379'], passwordSecretRef };

export const INVALID_GROUPS: readonly Invalid[] = [
  ['a typo at the top', { lllm: {} }, /unknown field "spec\.lllm"/],
  ['a typo in the model', { llm: { baseURL: 'http://x' } }, /unknown field "spec\.llm\.baseURL"/],
  ['a typo in a MAD', mads({ name: 'grace', replica: 2 }), /unknown field "spec\.mads\[0\]\.replica"/],
  [
    'a base URL without its scheme',
    { llm: { baseUrl: 'ollama:11434' } },
    /spec\.llm\.baseUrl: .*write http:\/\//,
  ],
  ['an empty model', { llm: { model: '' } }, /spec\.llm\.model.* at least 1 char/],
  [
    'a key in the place of its Secret',
    { llm: { apiKeySecretRef: 'sk-1' } },
    /spec\.llm\.apiKeySecretRef.* of type object/,
  ],
  [
    'a Secret without a name',
    { llm: { apiKeySecretRef: { key: 'k' } } },
    /spec\.llm\.apiKeySecretRef\.name: Required/,
  ],
  [
    'a Secret’s name in capitals',
    { llm: { apiKeySecretRef: { name: 'OpenAI' } } },
    /spec\.llm\.apiKeySecretRef\.name: .*lower-case/,
  ],
  [
    'a Secret’s key with a slash',
    { llm: { apiKeySecretRef: { name: 'a', key: 'a/b' } } },
    /spec\.llm\.apiKeySecretRef\.key: .*letters, digits/,
  ],
  ['a port that is none', { llm: { egress: { ports: [70000] } } }, /spec\.llm\.egress\.ports\[0\].* 65535/],
  [
    'a collector without its scheme',
    { tracing: { endpoint: 'otel-collector:4318' } },
    /spec\.tracing\.endpoint: .*write http:\/\//,
  ],
  [
    'headers for no collector',
    { tracing: { headersSecretRef: { name: 'otlp' } } },
    /spec\.tracing\.endpoint: .*set endpoint, or remove them/,
  ],
  [
    'two buses',
    { bus: { external, sentinels } },
    /spec\.bus: .*external and sentinels are both set: keep the one/,
  ],
  ['storage for a bus elsewhere', { bus: { external, storage: {} } }, /spec\.bus\.storage: .*remove it/],
  ['storage beside Sentinel', { bus: { sentinels, storage: {} } }, /spec\.bus\.storage: .*remove it/],
  [
    'a password of no use',
    { bus: { external, passwordSecretRef } },
    /spec\.bus\.passwordSecretRef: .*move it into external/,
  ],
  [
    'a password in a URL',
    { bus: { external: { ...external, url: 'redis://:pw@redis:6379' } } },
    /spec\.bus\.external\.url: .*comes from passwordSecretRef/,
  ],
  [
    'a URL of another kind',
    { bus: { external: { ...external, url: 'http://redis' } } },
    /spec\.bus\.external\.url: .*redis:\/\/HOST:PORT/,
  ],
  [
    'a bus elsewhere without its password',
    { bus: { external: { url: external.url } } },
    /spec\.bus\.external\.passwordSecretRef: Required/,
  ],
  [
    'TLS to a URL without it',
    { bus: { external: { ...external, tls: {} } } },
    /spec\.bus\.external\.tls: .*begins with rediss:\/\//,
  ],
  [
    'a Sentinel without its port',
    { bus: { sentinels: { ...sentinels, addresses: ['sentinel-0'] } } },
    /spec\.bus\.sentinels\.addresses\[0\]: .*HOST:PORT/,
  ],
  [
    'no Sentinel',
    { bus: { sentinels: { ...sentinels, addresses: [] } } },
    /spec\.bus\.sentinels\.addresses.* at least 1/,
  ],
  ['a size that is none', { bus: { storage: { size: 'lots' } } }, /spec\.bus\.storage\.size: .*write 5Gi/],
  [
    'a size in GB',
    mads({ name: 'fiedler', storage: { size: '5GB' } }),
    /spec\.mads\[0\]\.storage\.size: .*write 5Gi/,
  ],
  [
    'a size of nothing',
    mads({ name: 'fiedler', storage: { size: '0Gi' } }),
    /spec\.mads\[0\]\.storage\.size: .*from 1/,
  ],
  [
    'a size without its unit',
    mads({ name: 'fiedler', storage: { size: 5 } }),
    /spec\.mads\[0\]\.storage\.size.* of type string/,
  ],
  ['no MADs', mads(), /spec\.mads.* at least 1 item/],
  ['a MAD without a name', mads({ replicas: 1 }), /spec\.mads\[0\]\.name: Required/],
  ['a name in capitals', mads({ name: 'Grace' }), /spec\.mads\[0\]\.name: .*lower-case/],
  [
    'a name that begins with a digit',
    mads({ name: '3po', image: 'x' }),
    /spec\.mads\[0\]\.name: .*a letter first/,
  ],
  [
    'a name that is there twice',
    mads({ name: 'grace' }, { name: 'grace' }),
    /spec\.mads\[1\]: Duplicate value: .*grace/,
  ],
  ['the bus as a MAD', mads({ name: 'redis', image: 'redis:7' }), /spec\.mads\[0\]\.name: .*choose another/],
  [
    'the operator as a MAD',
    mads({ name: 'mad-operator', image: 'x' }),
    /spec\.mads\[0\]\.name: .*choose another/,
  ],
  [
    'a typo in the name of a MAD',
    mads({ name: 'fidler' }),
    /spec\.mads\[0\]\.image: .*fidler is none of grace, .*set image, or correct the name/,
  ],
  [
    'an image with its scheme',
    mads({ name: 'own', image: 'https://registry.example/own' }),
    /spec\.mads\[0\]\.image: .*without a scheme/,
  ],
  [
    'two replicas of Fiedler',
    mads({ name: 'fiedler', replicas: 2 }),
    /spec\.mads\[0\]\.replicas: .*one SQLite file, which has one writer; write 1/,
  ],
  [
    'no replica of Rogers',
    mads({ name: 'rogers', replicas: 0 }),
    /spec\.mads\[0\]\.replicas: .*one SQLite file, which has one writer; write 1/,
  ],
  ['fewer replicas than none', mads({ name: 'grace', replicas: -1 }), /spec\.mads\[0\]\.replicas.* 0/],
  ['replicas as text', mads({ name: 'grace', replicas: '2' }), /spec\.mads\[0\]\.replicas.* of type integer/],
  [
    'storage for Grace',
    mads({ name: 'grace', storage: {} }),
    /spec\.mads\[0\]\.storage: .*keep nothing on a disk: remove storage/,
  ],
  [
    'memory that is none',
    mads({ name: 'grace', resources: { limits: { memory: '1GB' } } }),
    /spec\.mads\[0\]\.resources\.limits\.memory: .*512Mi/,
  ],
  [
    'a resource that is none',
    mads({ name: 'grace', resources: { limits: { memroy: '1Gi' } } }),
    /unknown field "spec\.mads\[0\]\.resources\.limits\.memroy"/,
  ],
  [
    'values that are text',
    mads({ name: 'grace', values: 'replicas: 2' }),
    /spec\.mads\[0\]\.values.* of type object/,
  ],
  [
    'too many MADs',
    mads(...Array.from({ length: 51 }, (_, i) => ({ name: `own-${i}`, image: 'x' }))),
    /spec\.mads.* at most 50/,
  ],
  ['a second admin', caller({ name: 'admin' }), /spec\.callers\[0\]\.name: .*choose another name/],
  [
    'a scope that is none',
    caller({ scopes: ['write'] }),
    /spec\.callers\[0\]\.scopes\[0\]: .*"read", "converse", "publish", "admin"/,
  ],
  ['a caller without scopes', caller({ scopes: [] }), /spec\.callers\[0\]\.scopes.* at least 1/],
  ['a scope twice', caller({ scopes: ['read', 'read'] }), /spec\.callers\[0\]\.scopes\[1\]: Duplicate/],
  ['a caller’s name with a space', caller({ name: 'bob smith' }), /spec\.callers\[0\]\.name: .*lower-case/],
  [
    'a registry with its scheme',
    { images: { registry: 'https://registry.example' } },
    /spec\.images\.registry: .*without https:\/\//,
  ],
  ['a tag that is none', { images: { tag: 'v1 beta' } }, /spec\.images\.tag: .*such as 0\.1\.0/],
  [
    'a pull policy that is none',
    { images: { pullPolicy: 'Sometimes' } },
    /spec\.images\.pullPolicy: .*"IfNotPresent"/,
  ],
  ['a data policy that is none', { dataPolicy: 'Keep' }, /spec\.dataPolicy: .*"Retain", "Delete"/],
];
