// What `tracing` in the values makes: where spans go, with which headers, and the way there.
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { template } from '../kit/helm.ts';

const MADS = ['fiedler', 'grace', 'rogers', 'sequential-thinking'];

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly egress: readonly { to: object[]; ports?: object[] }[];
    readonly template: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly { env: { name: string; value?: string }[]; volumeMounts: object[] }[];
        readonly volumes: readonly { name: string }[];
      };
    };
  };
}

async function render(...settings: string[]): Promise<Manifest[]> {
  const flags = settings.flatMap((setting) => ['--set-json', setting]);
  const { code, stdout, stderr } = await template('mad-group', ...flags);
  expect(code, stderr).toBe(0);
  return parseAllDocuments(stdout).flatMap((document) => (document.toJS() as Manifest | null) ?? []);
}

const workloads = (manifests: readonly Manifest[]): Manifest[] =>
  manifests.filter(
    ({ kind, metadata }) => /^(Deployment|StatefulSet)$/.test(kind) && metadata.name !== 'redis',
  );
const podOf = ({ spec }: Manifest) => spec.template.spec;
const envOf = (workload: Manifest): Record<string, string | undefined> =>
  Object.fromEntries((podOf(workload).containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
const egressOf = (manifests: readonly Manifest[], name: string) =>
  manifests.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === name)?.spec.egress;

const TO_MONITORING = {
  to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
};

test('without an endpoint no MAD knows of tracing', async () => {
  const manifests = await render();
  expect(JSON.stringify(manifests)).not.toMatch(/OTEL_|otlp/);
});

test('an endpoint goes to every MAD, and every MAD may reach it', async () => {
  const manifests = await render('tracing.endpoint="http://otel-collector.monitoring.svc:4318"');
  expect(
    workloads(manifests)
      .map(({ metadata }) => metadata.name)
      .toSorted(),
  ).toEqual(MADS);
  for (const workload of workloads(manifests)) {
    expect(envOf(workload)).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector.monitoring.svc:4318',
    });
    expect(Object.keys(envOf(workload))).not.toContain('OTEL_EXPORTER_OTLP_HEADERS_FILE');
    expect(egressOf(manifests, workload.metadata.name)).toContainEqual(TO_MONITORING);
  }
  expect(JSON.stringify(egressOf(manifests, 'redis'))).not.toContain('monitoring');
});

test('headers come as a file of a Secret', async () => {
  const manifests = await render(
    'tracing={"endpoint": "https://otlp.example", "headersSecret": "otlp-token", "headersSecretKey": "all"}',
  );
  for (const workload of workloads(manifests)) {
    expect(envOf(workload).OTEL_EXPORTER_OTLP_HEADERS_FILE).toBe('/run/secrets/otlp/headers');
    expect(podOf(workload).containers[0]?.volumeMounts).toContainEqual({
      name: 'otlp',
      mountPath: '/run/secrets/otlp',
      readOnly: true,
    });
    expect(podOf(workload).volumes).toContainEqual({
      name: 'otlp',
      secret: {
        secretName: 'otlp-token',
        defaultMode: 0o440,
        items: [{ key: 'all', path: 'headers' }],
      },
    });
  }
});

test('another value of the headers restarts every MAD', async () => {
  const sums = async (value: string): Promise<unknown[]> => {
    const manifests = await render(
      'tracing={"endpoint": "https://otlp.example", "headersSecret": "otlp-token"}',
      // Else each rendering has a password of its own.
      'redis.auth={"existingSecret": "bus", "existingSecretKey": "password"}',
      `knownSecrets={"otlp-token/headers": "${value}", "bus/password": "same"}`,
    );
    return workloads(manifests).map(({ spec }) => spec.template.metadata.annotations['checksum/config']);
  };
  const [before, after] = [await sums('a'), await sums('b')];
  expect(before).toHaveLength(MADS.length);
  for (const [index, sum] of before.entries()) expect(after[index]).not.toBe(sum);
  expect(await sums('a')).toEqual(before);
});

test('peers and ports of the collector may be said, and a member may have one of its own', async () => {
  const peer = { ipBlock: { cidr: '10.9.8.7/32' } };
  const manifests = await render(
    `tracing={"endpoint": "https://otlp.example", "egress": {"peers": [${JSON.stringify(peer)}], "ports": [4318]}}`,
    'grace.tracing={"endpoint": "http://10.1.1.1:4318"}',
  );
  const rule = { to: [peer], ports: [{ port: 4318, protocol: 'TCP' }] };
  expect(egressOf(manifests, 'fiedler')).toContainEqual(rule);
  const grace = workloads(manifests).find(({ metadata }) => metadata.name === 'grace');
  expect(grace && envOf(grace).OTEL_EXPORTER_OTLP_ENDPOINT).toBe('http://10.1.1.1:4318');
});

test('sampler and opt-in are settings like others', async () => {
  const manifests = await render(
    'fiedler.config={"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": 0.1, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"}',
  );
  const fiedler = workloads(manifests).find(({ metadata }) => metadata.name === 'fiedler');
  expect(fiedler && envOf(fiedler)).toMatchObject({
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.1',
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'SPAN_ONLY',
  });
});
