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

test('a sum tells of a change and nothing of the value', () => {
  expect(sumsOf('secret', undefined)).toEqual({ redis: expect.stringMatching(/^[0-9a-f]{16}$/), llm: '' });
  expect(sumsOf('secret', 'a')).not.toEqual(sumsOf('other', 'a'));
});
