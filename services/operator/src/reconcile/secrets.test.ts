import { expect, test } from 'vitest';
import { groupOf } from '../group.test-support.ts';
import type { KubernetesManifest } from '../render/manifest.ts';
import { givenSecrets, secretsOf, sumsOf } from './secrets.ts';

const values = (secrets: readonly KubernetesManifest[]): unknown => secrets.map(({ data }) => data);

test('secrets are made once, and kept', () => {
  const group = groupOf({ callers: [{ name: 'bob', scopes: ['read'] }] });
  const made = secretsOf(group, []);
  expect(made.map(({ metadata, data }) => [metadata.name, Object.keys(data ?? {})])).toEqual([
    ['demo-tokens', ['admin', 'bob']],
    ['demo-bus-password', ['password']],
  ]);
  expect(values(secretsOf(group, made))).toEqual(values(made));
});

test('a new caller gets a token, and the others keep theirs', () => {
  const made = secretsOf(groupOf(), []);
  const [tokens] = secretsOf(groupOf({ callers: [{ name: 'bob', scopes: ['read'] }] }), made);
  expect(tokens?.data?.admin).toBe(made[0]?.data?.admin);
  expect(tokens?.data?.bob).toMatch(/^[A-Za-z0-9+/=]{40,}$/);
});

test('another value of the annotation makes all of them anew, once', () => {
  const made = secretsOf(groupOf(), []);
  const asking = groupOf({}, { annotations: { 'mads.dev/rotate': '1' } });
  const rotated = secretsOf(asking, made);
  expect(rotated[1]?.data?.password).not.toBe(made[1]?.data?.password);
  expect(values(secretsOf(asking, rotated))).toEqual(values(rotated));
});

test('a given password makes none', () => {
  const group = groupOf({ bus: { passwordSecretRef: { name: 'mine' } } });
  expect(secretsOf(group, []).map(({ metadata }) => metadata.name)).toEqual(['demo-tokens']);
  expect(givenSecrets(group)).toEqual([{ name: 'mine', key: 'password', field: 'bus.passwordSecretRef' }]);
});

test('a sum tells of a change and nothing of the value, for all that pods read at their start', () => {
  const group = groupOf({
    llm: { apiKeySecretRef: { name: 'openai' } },
    bus: {
      external: {
        url: 'rediss://redis.example:6380',
        passwordSecretRef: { name: 'bus' },
        tls: { caSecretRef: { name: 'authority' } },
      },
    },
    mads: [{ name: 'fiedler', values: { llm: { apiKeySecret: 'own', apiKeySecretKey: 'k' } } }],
    callers: [{ name: 'bob', scopes: ['read'], tokenSecretRef: { name: 'bob' } }],
  });
  const sums = sumsOf(group, ({ name }) => (name === 'own' ? undefined : `value of ${name}`));
  expect(Object.keys(sums).toSorted()).toEqual([
    'authority/ca.crt',
    'bus/password',
    'openai/api-key',
    'own/k',
  ]);
  expect(sums['own/k']).toBe('');
  expect(sums['bus/password']).toMatch(/^[0-9a-f]{16}$/);
  const others = sumsOf(group, ({ name }) => `another value of ${name}`);
  expect(Object.entries(others).filter(([ref, sum]) => sums[ref] === sum)).toEqual([]);
});

test('a key that a MAD’s own values name is a given Secret, too', () => {
  const group = groupOf({ mads: [{ name: 'rogers', values: { llm: { apiKeySecret: 'own' } } }] });
  expect(givenSecrets(group)).toEqual([
    { name: 'own', key: 'api-key', field: 'mads[rogers].values.llm.apiKeySecret' },
  ]);
});
