import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT, run } from '../kit/process.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

test('docs/reference says what the code says: tools, errors, environment, metrics', async () => {
  const { code, stderr } = await run('node', ['scripts/reference.ts', '--check']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

test('values, schemas and READMEs of the charts are what their source says', async () => {
  const { code, stderr } = await run('node', ['scripts/charts.ts', '--check']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

test('the CustomResourceDefinition is what its schema says', async () => {
  const { code, stderr } = await run('node', ['scripts/crd.ts', '--check']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

test('the alerts and the dashboard are what their source says', async () => {
  const { code, stderr } = await run('node', ['scripts/monitoring.ts', '--check']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

test('one version stands in the packages and the charts', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const charts = [
    'mad-group',
    'mad-operator',
    ...['mad', 'redis', 'grace', 'fiedler', 'rogers', 'sequential-thinking', 'extra-mad'].map(
      (name) => `mad-group/charts/${name}`,
    ),
  ];
  for (const chart of charts) {
    expect(parse(read(`charts/${chart}/Chart.yaml`)), chart).toMatchObject({ version, appVersion: version });
  }
});
