// The operator's alerts before Prometheus' own tool: each comes when it should, says what it should, and
// leads to a place that is there.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { OPERATOR_METRICS } from '../../services/operator/src/metrics.ts';
import { lintRules, type Rule, type RuleGroups, rulesOf, untested } from '../kit/alert-rules.ts';
import { template } from '../kit/helm.ts';
import { ROOT, run } from '../kit/process.ts';

const TESTS = join(ROOT, 'test', 'charts', 'alerts.promtool.yaml');
const folder = mkdtempSync(join(tmpdir(), 'mad-alerts-'));
const rulesPath = join(folder, 'rules.yaml');
let rules: readonly Rule[];

beforeAll(async () => {
  const flags = ['--set', 'prometheusRule.enabled=true', '--show-only', 'templates/alerts.yaml'];
  const { code, stdout, stderr } = await template('mad-operator', '--namespace', 'mad-system', ...flags);
  expect(code, stderr).toBe(0);
  const { spec } = parse(stdout) as { spec: RuleGroups };
  writeFileSync(rulesPath, stringify(spec));
  rules = rulesOf(spec);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('promtool finds nothing wrong with the rules', async () => {
  const { code, stdout, stderr } = await lintRules(rulesPath);
  expect(code, `${stdout}${stderr}`).toBe(0);
  expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`);
});

test('each alert comes when it should, and only then', async () => {
  copyFileSync(TESTS, join(folder, 'tests.yaml'));
  const { code, stdout, stderr } = await run('promtool', ['test', 'rules', join(folder, 'tests.yaml')]);
  expect(`${stdout}${stderr}`).toContain('SUCCESS');
  expect(code).toBe(0);
});

test('what they look at is what the operator tells', () => {
  const names = rules.flatMap(({ expr }) => expr.match(/\bmad_\w+/g) ?? []);
  expect(names.length).toBeGreaterThanOrEqual(rules.length);
  for (const name of names) expect(Object.keys(OPERATOR_METRICS)).toContain(name);
});

test('no alert is without a test in which it comes and one in which it does not', () => {
  expect(untested(rules, TESTS)).toEqual([]);
});

test('each says what is so, how bad it is, and leads to what to do', () => {
  const page = readFileSync(join(ROOT, 'docs', 'operator.md'), 'utf8');
  for (const { alert, labels, annotations } of rules) {
    expect(['critical', 'warning'], alert).toContain(labels.severity);
    expect(annotations.summary, alert).toMatch(/\.$/);
    expect(annotations.description, alert).toMatch(/\.$/);
    const anchor = `alerts-${alert.toLowerCase()}`;
    expect(annotations.runbook_url).toBe(`docs/operator.md#${anchor}`);
    expect(page).toContain(`<a id="${anchor}"></a>`);
  }
});
