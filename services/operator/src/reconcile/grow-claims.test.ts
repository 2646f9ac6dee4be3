import { expect, test, vi } from 'vitest';
import type { KubernetesManifest } from '../render/manifest.ts';
import { growClaims } from './grow-claims.ts';

const set = (storage: string, storageClassName?: string): KubernetesManifest => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'fiedler', namespace: 'space', uid: 'u' },
  spec: {
    volumeClaimTemplates: [
      { metadata: { name: 'data' }, spec: { storageClassName, resources: { requests: { storage } } } },
    ],
  },
});
const live = (storage: string): Map<string, KubernetesManifest> =>
  new Map([['StatefulSet/fiedler', set(storage)]]);
const cluster = (growClaim = vi.fn(async () => undefined)) => ({
  growClaim,
  delete: vi.fn(async () => undefined),
});

test('a claim of the declared size is left alone', async () => {
  const calls = cluster();
  expect(await growClaims([set('2Gi')], live('2Gi'), calls)).toBeNull();
  expect(await growClaims([set('2Gi')], new Map(), calls)).toBeNull();
  expect(calls.growClaim).not.toHaveBeenCalled();
});

test.each([
  ['1.5Gi', '1536Mi'],
  ['1024Mi', '1Gi'],
])('one of %s is as large as %s, and is left alone', async (size, stored) => {
  const calls = cluster();
  expect(await growClaims([set(size)], live(stored), calls)).toBeNull();
  expect(calls.growClaim).not.toHaveBeenCalled();
  expect(calls.delete).not.toHaveBeenCalled();
});

test('a larger one grows, and its StatefulSet makes way without its pod', async () => {
  const calls = cluster();
  const there = live('2Gi');
  expect(await growClaims([set('5Gi')], there, calls)).toBeNull();
  expect([...there.keys()]).toEqual([]);
  expect(calls.growClaim).toHaveBeenCalledWith('space', 'data-fiedler-0', '5Gi');
  expect(calls.delete).toHaveBeenCalledWith(set('2Gi'), { orphan: true });
});

test('each replica’s grows, and their StatefulSet makes way once', async () => {
  const calls = cluster();
  const before = set('2Gi');
  const there = new Map([
    ['StatefulSet/fiedler', { ...before, spec: { ...(before.spec as object), replicas: 3 } }],
  ]);
  expect(await growClaims([set('5Gi')], there, calls)).toBeNull();
  const grown = calls.growClaim.mock.calls.map((call: unknown[]) => call[1]);
  expect(grown).toEqual(['data-fiedler-0', 'data-fiedler-1', 'data-fiedler-2']);
  expect(calls.delete).toHaveBeenCalledTimes(1);
});

test('one whose class does not let it is named, with what the API server said, and nothing is deleted', async () => {
  const body = JSON.stringify({ message: 'the storageclass must support resize' });
  const calls = cluster(vi.fn(() => Promise.reject(Object.assign(new Error('HTTP'), { code: 403, body }))));
  expect(await growClaims([set('5Gi')], live('2Gi'), calls)).toEqual({
    reason: 'ClaimCannotGrow',
    message: expect.stringMatching(
      /data-fiedler-0 cannot become 5Gi large: the storageclass must support resize/,
    ),
  });
  expect(calls.delete).not.toHaveBeenCalled();
});

test.each([
  ['a smaller one', set('1Gi'), 'ClaimCannotShrink', /data-fiedler-0 was made with 2Gi.*Write 2Gi or more/],
  [
    'one of another class',
    set('2Gi', 'fast'),
    'ClaimCannotMove',
    /data-fiedler-0 was made with no storageClass/,
  ],
  ['a larger one of another class', set('5Gi', 'fast'), 'ClaimCannotMove', /kubectl delete/],
])('%s is refused, and nothing is done', async (_what, desired, reason, message) => {
  const calls = cluster();
  expect(await growClaims([desired], live('2Gi'), calls)).toEqual({
    reason,
    message: expect.stringMatching(message),
  });
  expect(calls.growClaim).not.toHaveBeenCalled();
  expect(calls.delete).not.toHaveBeenCalled();
});
