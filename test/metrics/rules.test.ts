// The alerts before Prometheus' own tool: each comes when it should, says what it should, and leads to a
// place that says what to do.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, METRICS } from '@mad-group/mad';
import { GROUP_MADS } from '@mad-group/protocol';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { alertRules } from '../../scripts/monitoring/alerts.ts';
import { lintRules, type RuleGroups, rulesOf, untested } from '../kit/alert-rules.ts';
import { ROOT, run } from '../kit/process.ts';

interface ComposeService {
  readonly networks: readonly string[] | Readonly<Record<string, { readonly aliases: readonly string[] }>>;
  readonly volumes?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, object>>;
}

const RULES = join(ROOT, 'k8s', 'alerts.yaml');
const TESTS = join(ROOT, 'test', 'metrics', 'alerts.promtool.yaml');
const rules = rulesOf(parse(readFileSync(RULES, 'utf8')) as RuleGroups);

const folder = mkdtempSync(join(tmpdir(), 'mad-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('promtool finds nothing wrong with the rules file', async () => {
  const { code, stdout, stderr } = await lintRules(RULES);
  expect(code, `${stdout}${stderr}`).toBe(0);
  expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`);
});

test('each alert comes when it should, and only then', async () => {
  copyFileSync(RULES, join(folder, 'alerts.yaml'));
  copyFileSync(TESTS, join(folder, 'tests.yaml'));
  const { code, stdout, stderr } = await run('promtool', ['test', 'rules', join(folder, 'tests.yaml')]);
  expect(`${stdout}${stderr}`).toContain('SUCCESS');
  expect(code).toBe(0);
});

test('no alert is without a test in which it comes and one in which it does not', () => {
  expect(untested(rules, TESTS)).toEqual([]);
});

test('what they look at is what the MADs tell', () => {
  for (const { alert, expr } of rules) {
    const names = expr.match(/\b(mad|nodejs|process)_\w+(?=\{)/g) ?? [];
    expect(names, alert).not.toEqual([]);
    for (const name of names.filter((one) => one.startsWith('mad_'))) {
      expect(Object.keys(METRICS), alert).toContain(name);
    }
  }
});

test('each says what is so, how bad it is, and leads to what to do', () => {
  const page = readFileSync(join(ROOT, 'docs', 'alerts.md'), 'utf8');
  for (const { alert, labels, annotations } of rules) {
    expect(['critical', 'warning'], alert).toContain(labels.severity);
    expect(annotations.summary, alert).toMatch(/\.$/);
    expect(annotations.description, alert).toMatch(/\.$/);
    expect(annotations.runbook_url).toBe(`docs/alerts.md#${alert.toLowerCase()}`);
    // GitHub's anchor of a heading is its text in lower case.
    expect(page).toMatch(new RegExp(`^## ${alert}$`, 'm'));
  }
  const headings = [...page.matchAll(/^## (Mad\w+)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual([...new Set(rules.map(({ alert }) => alert))]);
});

/** Blocks of YAML that a page shows. */
const blocksOf = (page: string): string[] =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)].map(
    ([, text = '']) => text,
  );

test('what the page has Prometheus read on compose is what compose runs', async () => {
  const [config = '', override = ''] = blocksOf('docs/metrics.md');
  const path = join(folder, 'prometheus.yaml');
  writeFileSync(path, config.replace('/etc/prometheus/alerts.yaml', RULES));
  const { code, stdout, stderr } = await run('promtool', ['check', 'config', path]);
  expect(code, `${stdout}${stderr}`).toBe(0);

  const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
  const names = Object.entries(compose.services).flatMap(([name, { networks }]) => [
    name,
    ...(Array.isArray(networks) ? [] : Object.values(networks).flatMap(({ aliases }) => aliases)),
  ]);
  const { scrape_configs: jobs } = parse(config) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[];
  };
  const targets = jobs.flatMap((job) => job.static_configs).flatMap((each) => each.targets);
  expect(targets).toHaveLength(GROUP_MADS.length);
  for (const target of targets) {
    const [host, port] = target.split(':');
    expect(names).toContain(host);
    expect(port).toBe(String(loadConfig({}).PLATFORM_PORT));
  }

  const { prometheus } = (parse(override) as Compose).services as { prometheus: ComposeService };
  expect(Object.keys(compose.networks)).toEqual(expect.arrayContaining([prometheus.networks].flat()));
  const mounted = (prometheus.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
  expect(mounted.some((from) => from.endsWith('alerts.yaml') && existsSync(join(ROOT, from)))).toBe(true);
});

test('the rules that a test runs faster differ in their times alone', () => {
  const timeless = (text: string): string => text.replaceAll(/\d+(\.\d+)?(ms|s|m|h)?/g, 'T');
  const [slow, fast] = [alertRules(1), alertRules(30)];
  expect(fast.map(({ expr }) => timeless(expr))).toEqual(slow.map(({ expr }) => timeless(expr)));
  expect(fast.map(({ labels }) => labels)).toEqual(slow.map(({ labels }) => labels));
  expect(fast.find(({ alert }) => alert === 'MadDown')?.for).toBe('6s');
});
