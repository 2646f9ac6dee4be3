import type { ConsoleFrame } from '@mad-group/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { at, frame } from '../testing.ts';
import { ApiError } from './api.ts';
import { createFeed, type FeedOptions, type Link } from './feed.ts';

type Script = (path: string, signal: AbortSignal) => AsyncIterable<ConsoleFrame[]>;

/** A feed over scripted connections: the first script, then the next, the last for ever. */
function setUp(scripts: readonly Script[], options: Partial<FeedOptions> = {}) {
  const paths: string[] = [];
  const links: Link[] = [];
  const numbers: number[] = [];
  const feed = createFeed({
    open: (path, signal) => {
      paths.push(path);
      const script = scripts[Math.min(paths.length, scripts.length) - 1] as Script;
      return script(path, signal);
    },
    begin: { newest: 100 },
    onFrames: (frames) => {
      for (const one of frames) if (one.type === 'message') numbers.push(Number(one.message.payload?.number));
    },
    onLink: (link) => links.push(link),
    backoff: { minMs: 1, maxMs: 4 },
    ...options,
  });
  onTestFinished(() => feed.stop());
  return { feed, paths, links, numbers, states: () => links.map(({ state }) => state) };
}

const hang = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('a connection that breaks is taken up behind the last message that came', async () => {
  const { feed, paths, numbers, states } = setUp([
    async function* () {
      yield [frame(1), frame(2)];
      throw new TypeError('network error');
    },
    async function* () {
      yield [frame(3)];
    },
    async function* (_, signal) {
      yield [frame(4)];
      await hang(signal);
    },
  ]);
  feed.start();
  await expect.poll(() => numbers).toEqual([1, 2, 3, 4]);
  const behind = (number: number) => `bus?after=${encodeURIComponent(at(number))}`;
  expect(paths).toEqual(['bus?newest=100', behind(2), behind(3)]);
  expect(states()).toEqual(['connecting', 'live', 'lost', 'live', 'lost', 'live']);
});

test('positions that only tell how far the log was read count, too; a gap does not', async () => {
  const { feed, paths } = setUp([
    async function* () {
      yield [frame(1), { type: 'position', position: at(9), caught_up: true }];
      yield [{ type: 'gap', reason: 'trimmed', from: at(9), to: at(20) }];
    },
    // biome-ignore lint/correctness/useYield: it says nothing.
    async function* (_, signal) {
      await hang(signal);
    },
  ]);
  feed.start();
  await expect.poll(() => paths).toHaveLength(2);
  expect(paths[1]).toBe(`bus?after=${encodeURIComponent(at(9))}`);
});

test('a connection that falls silent counts as cut', async () => {
  const { feed, links, numbers } = setUp(
    [
      async function* (_, signal) {
        yield [frame(1)];
        await hang(signal);
      },
      async function* (_, signal) {
        yield [frame(2)];
        await hang(signal);
      },
    ],
    { silenceMs: 30 },
  );
  feed.start();
  await expect.poll(() => numbers.slice(0, 2)).toEqual([1, 2]);
  expect(links.find(({ state }) => state === 'lost')).toMatchObject({ reason: 'Rogers has fallen silent.' });
});

test('what no new try heals is not tried again', async () => {
  const { feed, paths, links } = setUp([
    // biome-ignore lint/correctness/useYield: it refuses before it says anything.
    async function* () {
      throw new ApiError('unauthenticated', 'Nobody is known by this token.');
    },
  ]);
  feed.start();
  await expect.poll(() => links.at(-1)?.state).toBe('refused');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(paths).toHaveLength(1);
});

test('tries wait longer each time, and not at all when told so', async () => {
  const { feed, paths, links } = setUp(
    [
      // biome-ignore lint/correctness/useYield: it is never there.
      async function* () {
        throw new ApiError('unreachable', 'away');
      },
    ],
    { backoff: { minMs: 60_000, maxMs: 240_000 } },
  );
  feed.start();
  for (let tries = 1; tries <= 3; tries += 1) {
    await expect.poll(() => [paths.length, links.at(-1)?.state]).toEqual([tries, 'lost']);
    const link = links.at(-1) as Extract<Link, { state: 'lost' }>;
    const waitMs = link.retryAtMs - Date.now();
    const fullMs = 60_000 * 2 ** (tries - 1);
    expect(waitMs).toBeGreaterThan(fullMs * 0.45);
    expect(waitMs).toBeLessThanOrEqual(fullMs);
    feed.retryNow();
  }
});

test('a stop and a start go on where it was', async () => {
  const { feed, paths, numbers } = setUp([
    async function* (_, signal) {
      yield [frame(5)];
      await hang(signal);
    },
  ]);
  feed.start();
  await expect.poll(() => numbers).toHaveLength(1);
  feed.stop();
  feed.start();
  await expect.poll(() => paths).toHaveLength(2);
  expect(paths[1]).toContain('after=');
});
