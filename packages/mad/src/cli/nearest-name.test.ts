import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distance, nearestName } from './nearest-name.ts';

const NAMES = ['fiedler_converse', 'fiedler_get_task_status', 'rogers_get_stats', 'rogers_get_connections'];

test.each([
  ['fiedler_convers', 'fiedler_converse'],
  ['converse', 'fiedler_converse'],
  ['Rogers_Get_Stat', 'rogers_get_stats'],
  ['rogers_connections', 'rogers_get_connections'],
  ['make_coffee', null],
])('%s was meant as %s', (name, meant) => {
  expect(nearestName(name, NAMES)).toBe(meant);
});

test('the distance is a metric', () => {
  const name = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      expect(distance(a, b)).toBe(distance(b, a));
      expect(distance(a, b) === 0).toBe(a === b);
      expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c));
    }),
  );
});
