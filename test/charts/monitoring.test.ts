// What the charts make of the alerts and the dashboard: the same that the plain files are, of one
// namespace, or of all groups that an operator keeps.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { ANY_NAMESPACE, alertRules } from '../../scripts/monitoring/alerts.ts';
import { lintRules, type Rule, type RuleGroups, rulesOf } from '../kit/alert-rules.ts';
import { template } from '../kit/helm.ts';
import { ROOT } from '../kit/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'mad-monitoring-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: RuleGroups;
  readonly data: Readonly<Record<string, string>>;
}

async function manifests(chart: string, ...flags: string[]): Promise<Manifest[]> {
  const { code, stdout, stderr } = await template(chart, ...flags);
  expect(code, stderr).toBe(0);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

/** The rules of one PrometheusRule, which promtool finds nothing wrong with. */
async function rulesFrom(all: readonly Manifest[], name: string): Promise<Rule[]> {
  const rule = all.find(({ kind, metadata }) => kind === 'PrometheusRule' && metadata.name === name);
  expect(rule, name).toBeDefined();
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, stringify(rule?.spec));
  const { code, stdout, stderr } = await lintRules(path);
  expect(code, `${stdout}${stderr}`).toBe(0);
  return rule ? rulesOf(rule.spec) : [];
}

const ON = ['--set', 'prometheusRule.enabled=true,dashboard.enabled=true'];

test('without a word there are none', async () => {
  for (const chart of ['mad-group', 'mad-operator']) {
    const made = await manifests(chart);
    expect(made.map(({ kind }) => kind)).not.toContain('PrometheusRule');
    expect(made.map(({ metadata }) => metadata.name).join()).not.toContain('dashboard');
  }
});

test('the rules of a group are those of the rules file, for its namespace', async () => {
  const rules = await rulesFrom(await manifests('mad-group', ...ON), 'mads-alerts');
  const expected = alertRules().map((rule) => ({
    ...rule,
    expr: rule.expr.replaceAll(ANY_NAMESPACE, 'namespace="demo"'),
    labels: rule.labels.mad ? { ...rule.labels, namespace: 'demo' } : rule.labels,
  }));
  expect(rules).toEqual(expected);
});

test('they lead to where their page is for you, and have labels of yours', async () => {
  const flags = [
    'prometheusRule.runbookUrl=https://wiki.example/alerts',
    'prometheusRule.labels.release=kps',
  ];
  const made = await manifests('mad-group', ...ON, '--set', flags.join(','));
  const rules = await rulesFrom(made, 'mads-alerts');
  expect(rules[0]?.annotations.runbook_url).toBe('https://wiki.example/alerts#maddown');
  expect(made.find(({ kind }) => kind === 'PrometheusRule')?.metadata.labels).toMatchObject({
    release: 'kps',
  });
});

test('a MAD that is switched off is not missed, and one of your own is', async () => {
  const flags = 'grace.enabled=false,extraMads[0].name=librarian,extraMads[0].image.repository=lib';
  const unread =
    'extraMads[1].name=hidden,extraMads[1].image.repository=h,extraMads[1].serviceMonitor.enabled=false';
  const made = await manifests('mad-group', ...ON, '--set', `${flags},${unread}`);
  const down = (await rulesFrom(made, 'mads-alerts')).filter(({ alert }) => alert === 'MadDown');
  expect(down.map(({ labels }) => labels.mad)).toEqual([
    'fiedler',
    'rogers',
    'sequential-thinking',
    'librarian',
  ]);
  expect(down.at(-1)).toMatchObject({
    expr: 'absent(up{job="librarian",namespace="demo"} == 1)',
    annotations: { summary: 'MAD librarian is down.' },
  });
});

test('an operator’s chart has them for all groups, but for those that its own alerts tell', async () => {
  const rules = await rulesFrom(await manifests('mad-operator', ...ON), 'mad-operator-mads');
  expect(rules).toEqual(alertRules().filter(({ labels }) => labels.mad === undefined));
  const flags = ['--set', 'watchNamespace=agents,prometheusRule.madsRunbookUrl=https://wiki.example/alerts'];
  const own = await rulesFrom(await manifests('mad-operator', ...ON, ...flags), 'mad-operator-mads');
  for (const { expr, annotations } of own) {
    expect(expr).toContain('namespace="agents"');
    expect(expr).not.toContain(ANY_NAMESPACE);
    expect(annotations.runbook_url).toMatch(/^https:\/\/wiki\.example\/alerts#mad/);
  }
});

test.each(['mad-group', 'mad-operator'])(
  'the dashboard comes with %s for Grafana’s sidecar',
  async (chart) => {
    const made = await manifests(chart, ...ON, '--set', 'dashboard.annotations.grafana_folder=MADs');
    const [map] = made.filter(({ metadata }) => metadata.name.endsWith('-dashboard'));
    expect(map?.metadata).toMatchObject({
      labels: { grafana_dashboard: '1' },
      annotations: { grafana_folder: 'MADs' },
    });
    const plain = readFileSync(join(ROOT, 'k8s', 'grafana-dashboard.json'), 'utf8');
    expect(parse(map?.data['mad-group.json'] ?? '')).toEqual(JSON.parse(plain));
  },
);
