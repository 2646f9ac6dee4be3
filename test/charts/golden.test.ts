// What the charts make without any flag, object by object: a change of it is seen in review.
//   UPDATE_GOLDEN=1 npm run test:charts   takes what is made now
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { template } from '../kit/helm.ts';

const CASES: Readonly<Record<string, readonly [chart: string, ...args: string[]]>> = {
  'mad-group': ['mad-group'],
  'mad-group-external': [
    'mad-group',
    '--set',
    'redis.sentinels={sentinel-0.redis:26379,sentinel-1.redis:26379},redis.auth.existingSecret=redis,llm.apiKeySecret=openai',
  ],
  // The definition is long, and has tests of its own.
  'mad-operator': ['mad-operator', '--set', 'crd.enabled=false'],
  'mad-operator-namespace': [
    'mad-operator',
    '--set',
    'crd.enabled=false,watchNamespace=agents,serviceMonitor.enabled=true,networkPolicy.enabled=true',
  ],
  'mad-group-extra': ['mad-group', '--values', 'test/charts/extra-mads.yaml'],
  'fiedler-alone': ['fiedler', '--set', 'redis.url=redis://redis:6379,redis.passwordSecret=redis-auth'],
  'extra-mad-alone': [
    'extra-mad',
    '--set',
    'name=librarian,image.repository=librarian,redis.url=redis://redis:6379,redis.passwordSecret=redis-auth',
  ],
};

/** What is made anew each time: the secrets, and sums over them. */
const withoutChance = (text: string): string =>
  text
    .replaceAll(/^(\s+"?(?:password|admin)"?): [A-Za-z0-9+/=]{40,}$/gm, '$1: RANDOM')
    .replaceAll(/checksum\/config: [0-9a-f]{64}/g, 'checksum/config: SUM');

test.each(Object.entries(CASES))('%s', async (name, [chart, ...args]) => {
  const { code, stdout, stderr } = await template(chart, ...args);
  expect(code, stderr).toBe(0);
  const path = join(import.meta.dirname, 'golden', `${name}.yaml`);
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, withoutChance(stdout));
  expect(existsSync(path), `${path} is missing: UPDATE_GOLDEN=1 npm run test:charts makes it`).toBe(true);
  expect(withoutChance(stdout)).toBe(readFileSync(path, 'utf8'));
});
