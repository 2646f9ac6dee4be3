import { type Position, silentLogger } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Bus, LogItem, ReadOptions } from './bus.ts';
import { DEFAULT_LOG_LIMITS } from './log-limits.ts';
import { createRedisBus } from './redis-bus.ts';
import { freePorts } from './testing/free-ports.ts';
import { message } from './testing/reading.ts';
import { startSentinel, type TestSentinel } from './testing/sentinel.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function start(options: { downAfterMs?: number } = {}): Promise<TestSentinel> {
  const sentinel = await startSentinel(options);
  ending.push(() => sentinel.stop());
  return sentinel;
}

async function startBus(
  { url, password }: { url: string; password?: string },
  log = silentLogger,
): Promise<Bus> {
  const bus = createRedisBus({ url, password, log, limits: DEFAULT_LOG_LIMITS });
  ending.push(() => bus.stop());
  await bus.start();
  return bus;
}

/** Reads on until the test ends. */
function follow(bus: Bus, from: ReadOptions['from'] = 'start'): LogItem[] {
  const items: LogItem[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    for await (const batch of bus.read({ from, patterns: () => ['mad.#'], signal: stop.signal }))
      items.push(...batch.items);
  })();
  ending.push(async () => {
    stop.abort();
    await reading;
  });
  return items;
}

const texts = (items: readonly LogItem[]): unknown[] =>
  items.map((item) => (item.kind === 'message' ? item.envelope.payload.text : item.reason));
const WAIT = { timeout: 60_000, interval: 50 };
const come = (items: readonly LogItem[], expected: readonly string[]) =>
  vi.waitFor(() => expect(texts(items)).toEqual(expected), WAIT);
const publish = (bus: Bus, ...said: string[]): Promise<Position[]> =>
  Promise.all(said.map((text) => bus.publish(message(text), { timeoutMs: 60_000 })));
const epochOf = (position: Position | undefined): string => String(position).split(':')[0] as string;

describe('a primary that is killed behind Sentinel', { timeout: 180_000 }, () => {
  test('is replaced: publishing and reading go on, all members in one new epoch', async () => {
    const sentinel = await start();
    const [one, other] = [await startBus(sentinel), await startBus(sentinel)];
    const readers = [follow(one), follow(other)];
    const [before] = await publish(one, '1', '2', '3');
    for (const items of readers) await come(items, ['1', '2', '3']);

    await sentinel.primary.kill('SIGKILL');
    const positions = await Promise.all([publish(one, 'a', 'b'), publish(other, 'c')]);
    await publish(one, 'd');
    await sentinel.failedOver();
    const epochs = new Set(positions.flat().map(epochOf));
    expect(epochs.size).toBe(1);
    expect(epochs).not.toContain(epochOf(before));
    for (const items of readers) {
      await vi.waitFor(() => expect(items).toHaveLength(8), WAIT);
      expect(texts(items).slice(0, 4)).toEqual(['1', '2', '3', 'epoch']);
      expect(texts(items).slice(4, 7).toSorted()).toEqual(['a', 'b', 'c']);
      expect(texts(items).at(-1)).toBe('d');
    }
    await vi.waitFor(
      () => expect([one.status(), other.status()]).toMatchObject([{ connected: true }, { connected: true }]),
      WAIT,
    );
    // A member that comes later changes nothing.
    await publish(await startBus(sentinel), 'e');
    await vi.waitFor(() => expect(texts(readers[0] as LogItem[]).slice(7)).toEqual(['d', 'e']), WAIT);
  });

  test('takes acknowledged entries with it, which is told, and no entry is missed in their place', async () => {
    const sentinel = await start();
    const bus = await startBus(sentinel);
    const items = follow(bus);
    await publish(bus, '1', '2');
    await come(items, ['1', '2']);

    await sentinel.cutReplica();
    // The clock of the old primary is ahead: what the new one gives is before what a reader has read.
    const plain = new Redis(sentinel.primary.url);
    await plain.hset('{mad}:log:head', 'ms', Date.now() + 3_600_000);
    plain.disconnect();
    const lost = await publish(bus, 'lost 1', 'lost 2', 'lost 3');
    await come(items, ['1', '2', 'lost 1', 'lost 2', 'lost 3']);
    await sentinel.primary.kill('SIGKILL');
    await sentinel.replica.kill('SIGCONT');
    // As many as were lost: they would have the same numbers.
    await publish(bus, 'a', 'b', 'c');

    const rest = ['epoch', 'a', 'b', 'c'];
    await come(items, ['1', '2', 'lost 1', 'lost 2', 'lost 3', ...rest]);
    // So it is for a reader that comes back later, wherever it was.
    for (const from of lost) {
      const { items } = await bus.readOnce({ from, patterns: () => ['mad.#'] });
      expect(texts(items)).toEqual(rest);
    }
  });

  test('and comes back before Sentinel acts goes on with its log', async () => {
    const sentinel = await start({ downAfterMs: 600_000 });
    const bus = await startBus(sentinel);
    const items = follow(bus);
    const [before] = await publish(bus, '1', '2');
    await come(items, ['1', '2']);
    await sentinel.primary.restart();
    const [after] = await publish(bus, '3');
    await come(items, ['1', '2', '3']);
    expect(epochOf(after)).toBe(epochOf(before));
  });
});

test('a Sentinel that is away is told of as an outage, and a bus that waits for it stops at once', async () => {
  const [port] = await freePorts(1);
  const { log, lines } = recordingLog();
  const bus = await startBus({ url: `redis-sentinel://127.0.0.1:${port}#mad-test` }, log);
  const reason = 'no Sentinel answers';
  await vi.waitFor(() =>
    expect(lines.map((line) => line.message)).toEqual([`Redis is away: ${reason}. Waiting.`]),
  );
  await expect(bus.publish(message('never'), { timeoutMs: 100 })).rejects.toThrow(reason);
  await bus.stop();
});
