import { describe, expect, test } from 'vitest';
import { groupOf } from '../group.test-support.ts';
import { busSecretRef, groupValues, inWordsOfSpec } from './values.ts';

const KNOWN = { 'redis-auth/password': 'r' };
const valuesOf = (spec: object): Record<string, never> =>
  groupValues(groupOf(spec), KNOWN) as Record<string, never>;

describe('the values of a group', () => {
  test('with nothing but a name are four MADs, offline, with secrets of the operator’s own', () => {
    expect(valuesOf({})).toMatchObject({
      llm: {},
      tracing: {},
      admin: { existingSecret: 'demo-callers', existingSecretKey: 'admin' },
      knownSecrets: KNOWN,
      redis: { auth: { existingSecret: 'redis-auth', existingSecretKey: 'password' } },
      grace: { enabled: true },
      fiedler: { enabled: true, persistence: { whenDeleted: 'Retain' } },
      rogers: { enabled: true },
      'sequential-thinking': { enabled: true },
    });
  });

  test('switch off what is not declared', () => {
    const values = valuesOf({ mads: [{ name: 'grace' }] });
    expect(values).toMatchObject({ grace: { enabled: true }, fiedler: { enabled: false } });
  });

  test.each([
    ['mad/grace', { repository: 'mad/grace' }],
    ['mad/grace:1.2', { repository: 'mad/grace', tag: '1.2' }],
    ['registry.example:5000/mads/grace', { repository: 'registry.example:5000/mads/grace' }],
    [
      `registry.example:5000/grace:1@sha256:${'a'.repeat(64)}`,
      { repository: 'registry.example:5000/grace', tag: '1', digest: `sha256:${'a'.repeat(64)}` },
    ],
  ])('take the image %s apart', (image, parts) => {
    expect(valuesOf({ mads: [{ name: 'grace', image }] })).toMatchObject({ grace: { image: parts } });
  });

  test('let a MAD’s own values win over its other fields, deep down', () => {
    const mad = {
      name: 'fiedler',
      storage: { size: '5Gi' },
      values: { persistence: { storageClass: 'fast' }, config: { TASK_CONCURRENCY: 8 } },
    };
    expect(valuesOf({ mads: [mad], dataPolicy: 'Delete' })).toMatchObject({
      fiedler: {
        persistence: { size: '5Gi', storageClass: 'fast', whenDeleted: 'Delete' },
        config: { TASK_CONCURRENCY: 8 },
      },
    });
  });

  test('hand MADs of one’s own to the chart as a list, under their own values', () => {
    const librarian = {
      name: 'librarian',
      image: 'registry.example:5000/librarian:1.2',
      replicas: 2,
      storage: { size: '5Gi', storageClass: 'fast' },
      resources: { limits: { memory: '1Gi' } },
      values: { name: 'other', config: { SHELF: 'oak' }, resources: { limits: { cpu: 1 } } },
    };
    const historian = { name: 'historian', image: 'historian' };
    const values = valuesOf({ mads: [{ name: 'grace' }, librarian, historian], dataPolicy: 'Delete' });
    expect(values).toMatchObject({ grace: { enabled: true }, rogers: { enabled: false } });
    expect(values.extraMads).toEqual([
      {
        name: 'librarian',
        image: { repository: 'registry.example:5000/librarian', tag: '1.2' },
        replicas: 2,
        persistence: { size: '5Gi', storageClass: 'fast', whenDeleted: 'Delete' },
        resources: { limits: { memory: '1Gi', cpu: 1 } },
        config: { SHELF: 'oak' },
      },
      { name: 'historian', image: { repository: 'historian' }, persistence: { whenDeleted: 'Delete' } },
    ]);
    expect(valuesOf({}).extraMads).toEqual([]);
  });

  test('that Helm refuses are named by their MAD', () => {
    const own = ['librarian', 'historian'].map((name) => ({ name, image: name }));
    const group = groupOf({ mads: [{ name: 'grace' }, ...own] });
    expect(inWordsOfSpec(group, "- at '/extraMads/1': additional properties 'replica' not allowed")).toBe(
      "- at 'mads[historian].values': additional properties 'replica' not allowed",
    );
  });

  test('say where traces go, and with which headers', () => {
    const egress = { ports: [4318] };
    const tracing = { endpoint: 'https://otlp.example', headersSecretRef: { name: 'otlp' }, egress };
    expect(valuesOf({ tracing }).tracing).toEqual({
      endpoint: 'https://otlp.example',
      headersSecret: 'otlp',
      headersSecretKey: 'headers',
      egress,
    });
  });

  test('lead callers to their tokens: the operator’s Secret, or their own', () => {
    const callers = [
      { name: 'bob', scopes: ['read'] },
      { name: 'ci', scopes: ['converse'], tokenSecretRef: { name: 'ci-token' } },
    ];
    expect(valuesOf({ callers })).toMatchObject({
      callers: [
        { name: 'bob', existingSecret: 'demo-callers', existingSecretKey: 'bob' },
        { name: 'ci', existingSecret: 'ci-token', existingSecretKey: 'token' },
      ],
    });
  });

  test('name a bus outside, and its password', () => {
    const passwordSecretRef = { name: 'bus', key: 'pw' };
    const external = {
      url: 'rediss://bus.example:6380',
      passwordSecretRef,
      tls: { caSecretRef: { name: 'ca' } },
    };
    expect(valuesOf({ bus: { external } })).toMatchObject({
      redis: {
        auth: { existingSecret: 'bus', existingSecretKey: 'pw' },
        external: { url: 'rediss://bus.example:6380', caSecret: 'ca' },
      },
    });
    const sentinels = { addresses: ['s:26379'], passwordSecretRef, tls: {} };
    expect(valuesOf({ bus: { sentinels } })).toMatchObject({
      redis: { sentinels: ['s:26379'], sentinelMaster: 'mymaster', external: { tls: true } },
    });
    expect(busSecretRef(groupOf({ bus: { sentinels } }))).toEqual(passwordSecretRef);
  });
});
