import { expect, test } from 'vitest';
import { adoptForeign, type ManagedFields } from './foreign-fields.ts';

const own: ManagedFields = {
  manager: 'mad-operator',
  operation: 'Apply',
  fieldsV1: { 'f:spec': { 'f:a': {} } },
};
const by = (manager: string, over: Partial<ManagedFields> = {}): ManagedFields => ({
  manager,
  operation: 'Update',
  fieldsV1: { 'f:spec': { 'f:b': {} } },
  ...over,
});

test('fields that somebody else has added become the operator’s own', () => {
  expect(adoptForeign([own, by('kubectl-patch')])).toEqual([
    { manager: 'mad-operator', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:a': {}, 'f:b': {} } } },
  ]);
});

test.each<[string, ManagedFields]>([
  ['a controller of Kubernetes', by('kube-controller-manager')],
  ['a restart that was asked for', by('kubectl-rollout')],
  ['an autoscaler', by('horizontal-pod-autoscaler', { subresource: 'scale' })],
  ['whoever writes the status', by('anyone', { subresource: 'status' })],
])('what %s has set is left alone', (_who, entry) => {
  expect(adoptForeign([own, entry])).toBeNull();
});

test('finalizers, labels and annotations of others stay theirs', () => {
  const metadata = { 'f:metadata': { 'f:finalizers': {} } };
  expect(adoptForeign([own, by('controller', { fieldsV1: metadata })])).toBeNull();
  expect(
    adoptForeign([own, by('kubectl-edit', { fieldsV1: { ...metadata, 'f:spec': { 'f:b': {} } } })]),
  ).toEqual([
    by('kubectl-edit', { fieldsV1: metadata }),
    { manager: 'mad-operator', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:a': {}, 'f:b': {} } } },
  ]);
});

test('an object that somebody else has made is taken over', () => {
  expect(adoptForeign([by('helm')])).toEqual([
    { manager: 'mad-operator', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:b': {} } } },
  ]);
});
