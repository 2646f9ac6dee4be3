import type { Turn } from '@mad-group/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recentHistory } from './history.ts';

const turn = (words: number): Turn => ({ prompt: 'word '.repeat(words), response: 'ok' });

test('keeps the newest turns, oldest first, without a hole', () => {
  const size = fc.integer({ min: 0, max: 200 });
  fc.assert(
    fc.property(fc.array(size), fc.nat(500), (sizes, budget) => {
      const turns = sizes.map(turn);
      const kept = recentHistory(turns, budget);
      expect(kept).toEqual(turns.slice(turns.length - kept.length));
      // A smaller budget never keeps more.
      expect(recentHistory(turns, budget / 2).length).toBeLessThanOrEqual(kept.length);
    }),
  );
});

test('a turn of a megabyte is left out without being counted', () => {
  const begunMs = performance.now();
  for (let n = 0; n < 1000; n += 1) {
    expect(recentHistory([{ prompt: 'x'.repeat(1_000_000), response: '' }, turn(5)], 4000)).toEqual([
      turn(5),
    ]);
  }
  expect(performance.now() - begunMs).toBeLessThan(5_000);
});

test('all of it goes along where it fits, none where the newest alone is too long', () => {
  expect(recentHistory([turn(5), turn(5)], 1000)).toHaveLength(2);
  expect(recentHistory([turn(5), turn(5000)], 1000)).toEqual([]);
  expect(recentHistory([turn(5000), turn(5)], 1000)).toEqual([turn(5)]);
});
