import { expect, test } from 'vitest';
import { template } from '../kit/helm.ts';

const kinds = (rendered: string): string[] =>
  [...rendered.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind as string);

test('for all namespaces the operator has a ClusterRole, which lets it at no more than it makes', async () => {
  const { stdout } = await template('mad-operator');
  expect(kinds(stdout)).toContain('ClusterRole');
  expect(stdout).not.toMatch(/verbs:.*\*|resources:.*\*|escalate|impersonate|pods\/exec/);
});

test('for one namespace it has no ClusterRole at all', async () => {
  const { stdout } = await template('mad-operator', '--set', 'watchNamespace=agents');
  expect(kinds(stdout).filter((kind) => kind.startsWith('Cluster'))).toEqual([]);
  expect(stdout).toMatch(/kind: Role\nmetadata:\n {2}name: mad-operator\n {2}namespace: "agents"/);
  expect(stdout).toContain('name: WATCH_NAMESPACE\n              value: "agents"');
});

test('the CRD outlives an uninstall', async () => {
  const { stdout } = await template('mad-operator');
  expect(stdout).toMatch(/name: madgroups\.mads\.dev[\s\S]*helm\.sh\/resource-policy: keep/);
});
