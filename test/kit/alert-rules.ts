import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type Finished, run } from './process.ts';

/** A rule of Prometheus, as far as tests look at it. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>> & { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

/** As a rules file has them, and the spec of a PrometheusRule. */
export interface RuleGroups {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[];
}

export const rulesOf = ({ groups }: RuleGroups): Rule[] => groups.flatMap(({ rules }) => rules);

/** Prometheus' own lint of a rules file. */
export const lintRules = (path: string): Promise<Finished> =>
  run('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', path]);

/** What is missing of each alert in a file of `promtool test rules`: that it comes, that it stays away. */
export function untested(rules: readonly Rule[], testsPath: string): string[] {
  const { tests } = parse(readFileSync(testsPath, 'utf8')) as RuleTests;
  const cases = tests.flatMap((each) => each.alert_rule_test);
  return [...new Set(rules.map(({ alert }) => alert))].flatMap((alert) => {
    const own = cases.filter(({ alertname }) => alertname === alert);
    const comes = own.some(({ exp_alerts }) => exp_alerts.length > 0);
    const staysAway = own.some(({ exp_alerts }) => exp_alerts.length === 0);
    return [...(comes ? [] : [`${alert} comes`]), ...(staysAway ? [] : [`${alert} stays away`])];
  });
}
