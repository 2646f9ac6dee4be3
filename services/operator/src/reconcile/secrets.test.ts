import { expect, test } from 'vitest';
import { groupOf } from '../group.test-support.ts';
import type { KubernetesManifest } from '../render/manifest.ts';
import { givenSecrets, knownSecrets, secretsOf } from './secrets.ts';

const values = (secrets: readonly KubernetesManifest[]): unknown => secrets.map(({ data }) => data);

test('secrets are made once, and kept', () => {
  const group = groupOf({ callers: [{ name: 'bob', scopes: ['read'] }] });
  const made = secretsOf(group, []);
  expect(made.map(({ metadata, data }) => [metadata.name, Object.keys(data ?? {})])).toEqual([
    ['demo-callers', ['admin', 'bob']],
    ['redis-auth', ['password']],
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
  expect(secretsOf(group, []).map(({ metadata }) => metadata.name)).toEqual(['demo-callers']);
  expect(givenSecrets(group)).toEqual([{ name: 'mine', key: 'password', field: 'bus.passwordSecretRef' }]);
});

test('what pods read at their start is known by its place, and what is not there is empty', () => {
  const group = groupOf({
    llm: { apiKeySecretRef: { name: 'openai' } },
    tracing: { endpoint: 'https://otlp.example', headersSecretRef: { name: 'otlp' } },
    bus: {
      external: {
        url: 'rediss://redis.example:6380',
        passwordSecretRef: { name: 'bus' },
        tls: { caSecretRef: { name: 'authority' } },
      },
    },
    mads: [
      { name: 'fiedler', values: { llm: { apiKeySecret: 'own', apiKeySecretKey: 'k' } } },
      // Read again while they run, as a caller's token is.
      { name: 'rogers', values: { ssh: { existingSecret: 'people' } } },
    ],
    callers: [{ name: 'bob', scopes: ['read'], tokenSecretRef: { name: 'bob' } }],
  });
  expect(knownSecrets(group, ({ name }) => (name === 'own' ? undefined : `value of ${name}`))).toEqual({
    'authority/ca.crt': 'value of authority',
    'bus/password': 'value of bus',
    'openai/api-key': 'value of openai',
    'otlp/headers': 'value of otlp',
    'own/k': '',
  });
});

test('a Secret that a MAD’s own values name is a given one, too', () => {
  const values = {
    llm: { apiKeySecret: 'own' },
    tracing: { headersSecret: 'otlp', headersSecretKey: 'all' },
    ssh: { existingSecret: 'people', existingSecretKey: 'admins' },
  };
  const group = groupOf({ mads: [{ name: 'rogers', values }] });
  expect(givenSecrets(group)).toEqual([
    { name: 'own', key: 'api-key', field: 'mads[rogers].values.llm.apiKeySecret' },
    { name: 'otlp', key: 'all', field: 'mads[rogers].values.tracing.headersSecret' },
    { name: 'people', key: 'admins', field: 'mads[rogers].values.ssh.existingSecret' },
  ]);
});
