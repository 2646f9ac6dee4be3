import { expect, test } from 'vitest';
import { createObjectIndex } from './object-index.ts';

let version = 0;
const service = (group: string, name = 'redis', resourceVersion = String(++version), uid = 'first') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'space', resourceVersion, uid, labels: { 'mads.dev/group': group } },
});

test('objects are found by their group, until they are gone', () => {
  const index = createObjectIndex();
  expect(index.put(service('demo'), true)).toEqual(['space/demo']);
  index.put(service('demo', 'grace'), true);
  index.put(service('other'), true);
  expect(index.of('space/demo').map(({ metadata }) => metadata.name)).toEqual(['grace']);
  index.put(service('demo', 'grace'), false);
  expect(index.of('space/demo')).toEqual([]);
});

test('an object whose label was changed concerns both groups, and belongs to the new one', () => {
  const index = createObjectIndex();
  index.put(service('demo'), true);
  expect(index.put(service('other'), true)).toEqual(['space/demo', 'space/other']);
  expect(index.of('space/demo')).toEqual([]);
  expect(index.of('space/other')).toHaveLength(1);
});

test('what was written is known at once, and what is heard of it later changes nothing', () => {
  const index = createObjectIndex();
  index.put(service('demo', 'redis', '9'), true);
  const written = service('demo', 'redis', '11');
  expect(index.put(written, true)).toEqual(['space/demo']);
  expect(index.put(service('demo', 'redis', '10'), true)).toEqual([]);
  expect(index.put(service('demo', 'redis', '11'), true)).toEqual([]);
  expect(index.of('space/demo')).toEqual([written]);
});

test('that an object is gone is not taken for the end of one that was made anew', () => {
  const index = createObjectIndex();
  index.put(service('demo'), true);
  index.put(service('demo', 'redis', '99', 'second'), true);
  expect(index.put(service('demo', 'redis', '50', 'first'), false)).toEqual([]);
  expect(index.of('space/demo')).toHaveLength(1);
});

test('a kind that is no more is forgotten, and others are not', () => {
  const index = createObjectIndex();
  index.put(service('demo'), true);
  index.put({ ...service('demo', 'monitor'), kind: 'ServiceMonitor' }, true);
  index.forget('ServiceMonitor');
  expect(index.of('space/demo').map(({ kind }) => kind)).toEqual(['Service']);
  expect(index.put({ ...service('demo', 'monitor'), kind: 'ServiceMonitor' }, true)).toEqual(['space/demo']);
});
