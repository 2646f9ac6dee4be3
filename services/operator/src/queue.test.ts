import { expect, test, vi } from 'vitest';
import { createQueue } from './queue.ts';

test('a key is worked on by one pass at a time, and once more where it changed meanwhile', async () => {
  let running = 0;
  let most = 0;
  let passes = 0;
  let release: () => void = () => undefined;
  const queue = createQueue({
    async work() {
      running += 1;
      passes += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      running -= 1;
      return null;
    },
    workers: 4,
    onError: vi.fn(),
  });
  queue.add('a');
  queue.add('a');
  queue.add('a');
  expect(queue.depth).toBe(1);
  release();
  await vi.waitFor(() => expect(passes).toBe(2));
  release();
  await vi.waitFor(() => expect(queue.depth).toBe(0));
  expect([passes, most]).toEqual([2, 1]);
  await queue.stop();
});

test('a key that fails does not hold up others, and is tried again later and later', async () => {
  const pauses: number[] = [];
  const seen: string[] = [];
  const queue = createQueue({
    async work(key) {
      seen.push(key);
      if (key === 'broken') throw new Error('no');
      return null;
    },
    workers: 4,
    onError: (_key, _error, againInMs) => pauses.push(againInMs),
    random: () => 1,
  });
  queue.add('broken');
  queue.add('fine');
  await vi.waitFor(() => expect(pauses.length).toBeGreaterThanOrEqual(2));
  expect(seen).toContain('fine');
  expect(pauses.slice(0, 2)).toEqual([500, 1000]);
  await queue.stop();
});
