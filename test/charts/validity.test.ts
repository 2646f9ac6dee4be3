// The charts before the tools of their trade: Helm's lint, its unit tests, Kubernetes' own schemas.
import { expect, test } from 'vitest';
import { template } from '../kit/helm.ts';
import { kubernetesSchemas } from '../kit/kubernetes-schemas.ts';
import { run } from '../kit/process.ts';

const CHARTS = [
  'mad',
  'redis',
  'grace',
  'fiedler',
  'rogers',
  'sequential-thinking',
  'extra-mad',
  'mad-group',
  'mad-operator',
];
const ALONE = ['--set', 'redis.url=redis://redis:6379', '--set', 'redis.passwordSecret=redis-auth'];
const MEMBERS = new Set(['grace', 'fiedler', 'rogers', 'sequential-thinking']);
const EXTRA = ['--set', 'name=librarian,image.repository=librarian'];
const needs = (chart: string): string[] =>
  chart === 'extra-mad' ? [...ALONE, ...EXTRA] : MEMBERS.has(chart) ? ALONE : [];
/** Everything that is off without a flag. */
const FULL = [
  'llm.baseUrl=http://10.1.2.3:8080/v1',
  'llm.apiKeySecret=openai',
  'tracing.endpoint=https://otlp.example:4318',
  'tracing.headersSecret=otlp',
  'callers[0].name=bob',
  'callers[0].scopes[0]=read',
  'grace.ingress.enabled=true',
  'grace.ingress.host=grace.example',
  'grace.ingress.tlsSecret=grace-tls',
  'fiedler.persistence.existingClaim=old',
  'fiedler.imperator=You are Fiedler.',
  'rogers.persistence.storageClass=fast',
  'rogers.ssh.authorizedKeys=ssh-ed25519 AAAA ada@desk',
  'fiedler.ssh.existingSecret=people',
  'fiedler.ssh.clients[0].ipBlock.cidr=192.0.2.0/24',
  'grace.replicas=3',
  'grace.tolerations[0].key=x',
  'global.commonLabels.team=bus',
];
/** The same of the operator. */
const FULL_OPERATOR = [
  'watchNamespace=agents',
  'replicas=2',
  'service.enabled=true',
  'serviceMonitor.enabled=true',
  'prometheusRule.enabled=true',
  'networkPolicy.enabled=true',
];
/** Kinds of others, whose schemas Kubernetes has not; their own tests look at them. */
const NOT_KUBERNETES = 'CustomResourceDefinition,ServiceMonitor,PrometheusRule';
/** Of Kubernetes that the test cluster has, and of the oldest that the charts name. */
const VERSIONS = ['1.35.0', '1.30.0'];

test.each(CHARTS)('helm lint --strict has nothing to say of %s', async (chart) => {
  const { code, stdout, stderr } = await run('helm', [
    'lint',
    '--strict',
    `charts/${chart}`,
    ...needs(chart),
  ]);
  expect(code, `${stdout}${stderr}`).toBe(0);
});

test.each(['mad-group', 'mad-operator'])('the unit tests of %s pass', async (chart) => {
  const { code, stdout, stderr } = await run('helm-unittest', ['--strict', `charts/${chart}`]);
  expect(code, `${stdout}${stderr}`).toBe(0);
  expect(stdout).toMatch(/Tests:\s+\d+ passed, \d+ total/);
});

test.each(VERSIONS)('what they make is valid for Kubernetes %s', { timeout: 300_000 }, async (version) => {
  const schemas = await kubernetesSchemas(version);
  const charts = [
    ['mad-group'],
    ['mad-group', '--set', FULL.join(',')],
    ['mad-group', '--values', 'test/charts/extra-mads.yaml'],
    ['mad-operator'],
    ['mad-operator', '--set', FULL_OPERATOR.join(',')],
  ] as const;
  for (const [chart, ...flags] of charts) {
    const { stdout, stderr } = await template(chart, ...flags);
    expect(stdout, stderr).not.toBe('');
    const location = `${schemas}/{{.ResourceKind}}{{.KindSuffix}}.json`;
    const checked = await run(
      'kubeconform',
      ['-strict', '-summary', '-schema-location', location, '-skip', NOT_KUBERNETES],
      {},
      stdout,
    );
    expect(checked.code, `${checked.stdout}${checked.stderr}`).toBe(0);
    expect(checked.stdout).toMatch(/Valid: [1-9]\d*, Invalid: 0, Errors: 0/);
    if (chart === 'mad-group') expect(checked.stdout).toContain('Skipped: 0');
  }
});
