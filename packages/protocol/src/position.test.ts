import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePlaces, formatPosition, PositionSchema, parsePosition, positionTimeMs } from './position.ts';

const parts = fc.record({
  epoch: fc.uuid(),
  place: fc.tuple(fc.nat({ max: 2 ** 31 }), fc.nat()).map(([ms, n]) => `${ms}-${n}`),
});

test('a position survives the round trip through its text', () => {
  fc.assert(
    fc.property(parts, (given) => {
      const position = formatPosition(given);
      expect(parsePosition(position)).toEqual(given);
      expect(PositionSchema.parse(position)).toBe(position);
    }),
  );
});

test('places are ordered by time, then by number, not as text', () => {
  expect(comparePlaces('9-0', '10-0')).toBeLessThan(0);
  expect(comparePlaces('10-9', '10-10')).toBeLessThan(0);
  expect(comparePlaces('10-1', '10-1')).toBe(0);
});

test('a position tells the time of its entry', () => {
  expect(positionTimeMs(formatPosition({ epoch: 'e', place: '1700000000000-3' }))).toBe(1_700_000_000_000);
});

test.each(['', 'e', 'e:1', 'e:1-', ':1-1', 'e:-1-1', 'e e:1-1', `${'e'.repeat(65)}:1-1`])(
  '%j is no position',
  (text) => {
    expect(() => parsePosition(text)).toThrow(TypeError);
    expect(PositionSchema.safeParse(text).success).toBe(false);
  },
);
