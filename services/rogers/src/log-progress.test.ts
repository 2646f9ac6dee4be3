import { expect, test } from 'vitest';
import { entryRead, gapRead, HOLE_MS, NO_PROGRESS, nothingRead } from './log-progress.ts';

const T0 = Date.UTC(2025, 0, 1);

test('entries that follow each other carry the time on and excuse nobody', () => {
  const begun = entryRead(NO_PROGRESS, T0);
  expect(begun).toEqual({ atMs: T0, silenceFromMs: T0 });
  expect(entryRead(begun, T0 + HOLE_MS)).toEqual({ atMs: T0 + HOLE_MS, silenceFromMs: T0 });
});

test('a time without entries is a hole, and silence counts from its end', () => {
  const end = T0 + HOLE_MS + 1;
  expect(entryRead(entryRead(NO_PROGRESS, T0), end)).toEqual({ atMs: end, silenceFromMs: end });
});

test('a log that reads on without news carries the time on', () => {
  const read = nothingRead(entryRead(NO_PROGRESS, T0), 15_000);
  expect(entryRead(read, T0 + HOLE_MS + 10_000)).toMatchObject({ silenceFromMs: T0 });
});

test('an entry a little before the time that was reckoned does not set it back', () => {
  const read = nothingRead(entryRead(NO_PROGRESS, T0), 1000);
  expect(entryRead(read, T0 + 900)).toBe(read);
});

test('a log whose time went far back begins anew', () => {
  expect(entryRead(entryRead(NO_PROGRESS, T0), T0 - 60_000)).toEqual({
    atMs: T0 - 60_000,
    silenceFromMs: T0 - 60_000,
  });
});

test('nothing is known between a gap and the next entry', () => {
  const gap = gapRead(entryRead(NO_PROGRESS, T0));
  expect(nothingRead(gap, 1000).atMs).toBeNull();
  expect(entryRead(gap, T0 + 1)).toEqual({ atMs: T0 + 1, silenceFromMs: T0 + 1 });
});
