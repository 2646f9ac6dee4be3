import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeeperThan } from './json-depth.ts';

const nest = (depth: number): unknown => {
  let value: unknown = 'leaf';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
};

test('the limit is the number of arrays and objects inside each other', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.nat(200), (depth, limit) => {
      expect(isDeeperThan(nest(depth), limit)).toBe(depth > limit);
    }),
  );
});

test('a million levels are no trouble', () => {
  expect(isDeeperThan(nest(1_000_000), 128)).toBe(true);
});
