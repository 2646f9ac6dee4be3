import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slope, trends } from './trend.ts';

test('the slope of points on a line is the line’s', () => {
  const small = fc.integer({ min: -1000, max: 1000 });
  fc.assert(
    fc.property(small, small, fc.uniqueArray(small, { minLength: 2 }), (a, b, xs) => {
      expect(slope(xs.map((x) => [x, a * x + b] as const))).toBeCloseTo(a, 6);
    }),
  );
});

test('growth past the limit, a peak past the limit and nothing measured are no success', () => {
  const samples = [0, 600, 1200, 1800].map((atS) => ({
    atS,
    values: { grows: atS, flat: 7, peaks: atS === 0 ? 99 : 1 },
  }));
  const limits = {
    grows: { slopePerHour: 3599 },
    flat: { slopePerHour: 0, max: 7 },
    peaks: { max: 98 },
    absent: {},
  };
  const ok = Object.fromEntries(trends(samples, limits, 300).map((trend) => [trend.name, trend.ok]));
  expect(ok).toEqual({ grows: false, flat: true, peaks: false, absent: false });
  expect(trends(samples, { grows: { slopePerHour: 3600.1 } }, 300)[0]).toMatchObject({
    ok: true,
    first: 600,
  });
});
