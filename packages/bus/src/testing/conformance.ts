import { setTimeout as delay } from 'node:timers/promises';
import {
  createEnvelope,
  type Envelope,
  MadError,
  type Position,
  parsePosition,
  positionTimeMs,
} from '@mad-group/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Bus, LogBatch, LogItem, PlaceSought, ReadOptions } from '../bus.ts';
import type { LogLimits } from '../log-limits.ts';
import { collect, message } from './reading.ts';

/** A started bus on the log of this test; a second call in one test shares that log where it can. */
export type MakeBus = (limits?: Partial<LogLimits>) => Promise<Bus>;

const ALL = ['mad.#'];

/** What every transport must do. `makeBus` gives each test an empty log. */
export function busConformance(name: string, makeBus: MakeBus): void {
  describe(`${name} keeps the contract of the bus`, () => {
    const buses: Bus[] = [];
    const makeStarted = async (limits?: Partial<LogLimits>): Promise<Bus> => {
      const bus = await makeBus(limits);
      buses.push(bus);
      return bus;
    };
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.stop()));
    });

    describe('publishing', () => {
      test('an envelope comes back as it was, with its position', async () => {
        const bus = await makeStarted();
        const envelope = createEnvelope({
          channel: 'mad.topic.round-trip',
          senderId: 'tester',
          recipientId: 'reader',
          payload: {
            text: 'naïve “Grüße” 🚀 \u2028 \\u0000 "}',
            nested: { list: [1, null, { a: [] }] },
            empty: {},
          },
          headers: { traceparent: '00-1-2-01' },
        });
        const position = await bus.publish(envelope);
        const batch = await bus.readOnce({ from: 'start', patterns: () => ALL });
        expect(batch.items).toEqual([
          { kind: 'message', envelope: { ...envelope, position }, foreign: false },
        ]);
      });

      test('a position that an envelope already carries is replaced', async () => {
        const bus = await makeStarted();
        const first = await bus.publish(message('a'));
        const second = await bus.publish({ ...message('b'), position: first });
        const { items } = await bus.readOnce({ from: first, patterns: () => ALL });
        expect(positionsOf(items)).toEqual([second]);
        expect(second).not.toBe(first);
      });

      test('positions share an epoch and are numbered from 1 without gaps', async () => {
        const bus = await makeStarted();
        const positions: Position[] = [];
        for (let index = 0; index < 5; index += 1) positions.push(await bus.publish(message(`${index}`)));
        const parts = positions.map(parsePosition);
        expect(new Set(parts.map(({ epoch }) => epoch)).size).toBe(1);
        expect(parts.map(({ place }) => place.split('-')[1])).toEqual(['1', '2', '3', '4', '5']);
      });

      test('messages of one publisher keep their order, and all are there once', async () => {
        const bus = await makeStarted();
        const publishers = ['a', 'b', 'c', 'd'];
        const perPublisher = 300;
        await Promise.all(
          publishers.map((sender) =>
            Promise.all(numbers(perPublisher).map((index) => bus.publish(message(`${index}`, { sender })))),
          ),
        );
        const items = await collect(bus, { from: 'start' }, publishers.length * perPublisher);
        for (const sender of publishers) {
          const texts = envelopes(items)
            .filter((e) => e.sender_id === sender)
            .map((e) => e.payload.text);
          expect(texts).toEqual(numbers(perPublisher).map(String));
        }
      });

      test('a publish that is tried again makes one entry and gives its position', async () => {
        const bus = await makeStarted();
        const envelope = message('once');
        const first = await bus.publish(envelope);
        await bus.publish(message('between'));
        expect(await bus.publish(envelope, { retry: true })).toBe(first);
        const fresh = message('fresh');
        await bus.publish(fresh, { retry: true });
        const { items } = await bus.readOnce({ from: 'start', patterns: () => ALL });
        expect(texts(items)).toEqual(['once', 'between', 'fresh']);
      });

      test.each(['plain', 'with "quotes"', 'back\\slash', 'a\nline', 'é 👋', '","message_id":"other'])(
        'a message id is found again, whatever is in it: %j',
        async (id) => {
          const bus = await makeStarted();
          // In another order than ours, as by somebody's hand.
          const { message_id: _, ...rest } = message('once');
          const envelope = { ...rest, message_id: id };
          const first = await bus.publish(envelope);
          const decoy = { ...message('decoy'), payload: { message_id: id, text: 'decoy' } };
          await bus.publish(decoy);
          expect(await bus.publish(envelope, { retry: true })).toBe(first);
          const { items } = await bus.readOnce({ from: 'start', patterns: () => ALL });
          expect(texts(items)).toEqual(['once', 'decoy']);
        },
      );

      test('an envelope past 256 KiB is refused with its size, and nothing is sent', async () => {
        const bus = await makeStarted();
        const refused = bus.publish(message('é'.repeat(131_072)));
        await expect(refused).rejects.toThrow(MadError);
        await expect(refused).rejects.toMatchObject({
          code: 'payload_too_large',
          message: expect.stringMatching(/is 26\d{4} bytes long.*262144 \(256 KiB\)/),
        });
        const fits = message('x'.repeat(261_000));
        await bus.publish(fits);
        const { items } = await bus.readOnce({ from: 'start', patterns: () => ALL });
        expect(envelopes(items).map((e) => e.message_id)).toEqual([fits.message_id]);
      });

      test('what a consumer changes in its copy changes no other copy', async () => {
        const bus = await makeStarted();
        await bus.publish(message('untouched'));
        const [first] = envelopes((await bus.readOnce({ from: 'start', patterns: () => ALL })).items);
        (first as Envelope).payload.text = 'changed';
        const again = await bus.readOnce({ from: 'start', patterns: () => ALL });
        expect(texts(again.items)).toEqual(['untouched']);
      });

      test('a stopped bus refuses at once', async () => {
        const bus = await makeStarted();
        await bus.stop();
        await expect(bus.publish(message('late'))).rejects.toMatchObject({ code: 'bus_unavailable' });
      });
    });

    describe('reading', () => {
      test.each([
        ['an exact channel', ['mad.topic.a'], ['1']],
        ['a prefix', ['mad.topic.*'], ['1', '2']],
        ['all', ['mad.#'], ['1', '2', '3']],
        ['several', ['mad.direct.x', 'mad.topic.b*'], ['2', '3']],
        ['none', [], []],
      ])('patterns pick channels: %s', async (_, patterns, expected) => {
        const bus = await makeStarted();
        await bus.publish(message('1', { channel: 'mad.topic.a' }));
        await bus.publish(message('2', { channel: 'mad.topic.b.c' }));
        const last = await bus.publish(message('3', { channel: 'mad.direct.x' }));
        const batch = await bus.readOnce({ from: 'start', patterns: () => patterns });
        expect(texts(batch.items)).toEqual(expected);
        expect(batch.position).toBe(last);
        expect(batch.caughtUp).toBe(true);
      });

      test('from the start, from the end, and from a position', async () => {
        const bus = await makeStarted();
        await bus.publish(message('1'));
        const second = await bus.publish(message('2'));
        await bus.publish(message('3'));
        const fromStart = await bus.readOnce({ from: 'start', patterns: () => ALL });
        const fromSecond = await bus.readOnce({ from: second, patterns: () => ALL });
        const fromEnd = await bus.readOnce({ from: 'end', patterns: () => ALL });
        expect(texts(fromStart.items)).toEqual(['1', '2', '3']);
        expect(texts(fromSecond.items)).toEqual(['3']);
        expect(fromEnd.items).toEqual([]);
        await bus.publish(message('4'));
        expect(texts((await bus.readOnce({ from: fromEnd.position, patterns: () => ALL })).items)).toEqual([
          '4',
        ]);
      });

      test('a log with nothing in it has a position to read on from', async () => {
        const bus = await makeStarted();
        const empty = await bus.readOnce({ from: 'start', patterns: () => ALL });
        expect(empty).toMatchObject({ items: [], caughtUp: true });
        await bus.publish(message('first'));
        expect(texts((await bus.readOnce({ from: empty.position, patterns: () => ALL })).items)).toEqual([
          'first',
        ]);
      });

      test('a reader that stops and resumes loses and doubles nothing', async () => {
        const bus = await makeStarted();
        const total = 500;
        const publishing = Promise.all(numbers(total).map((index) => bus.publish(message(`${index}`))));
        const seen: string[] = [];
        let from: ReadOptions['from'] = 'start';
        while (seen.length < total) {
          const stop = new AbortController();
          for await (const batch of bus.read({
            from,
            patterns: () => ALL,
            signal: stop.signal,
            maxBatch: 37,
          })) {
            seen.push(...texts(batch.items));
            from = batch.position;
            if (batch.items.length > 0) break;
          }
        }
        await publishing;
        expect(seen).toEqual(numbers(total).map(String));
      });

      test('a batch looks at no more entries than it may and says when more is behind it', async () => {
        const bus = await makeStarted();
        for (const index of numbers(5)) await bus.publish(message(`${index}`));
        const batch = await bus.readOnce({ from: 'start', patterns: () => ALL, maxBatch: 3 });
        expect(texts(batch.items)).toEqual(['0', '1', '2']);
        expect(batch.caughtUp).toBe(false);
        const rest = await bus.readOnce({ from: batch.position, patterns: () => ALL, maxBatch: 3 });
        expect(texts(rest.items)).toEqual(['3', '4']);
        expect(rest.caughtUp).toBe(true);
      });

      test('an idle reader gets empty batches, caught up, at its place', async () => {
        const bus = await makeStarted();
        const last = await bus.publish(message('only'));
        const stop = new AbortController();
        const batches: LogBatch[] = [];
        for await (const batch of bus.read({
          from: 'end',
          patterns: () => ALL,
          signal: stop.signal,
          idleMs: 20,
        })) {
          batches.push(batch);
          if (batches.length === 3) stop.abort();
        }
        expect(batches).toEqual(Array(3).fill({ items: [], position: last, caughtUp: true }));
      });

      test('a blocked reader gets what is published, long before it is idle', async () => {
        const bus = await makeStarted();
        const items = collect(bus, { from: 'end', idleMs: 60_000 }, 1);
        // The reader's place is set when it has begun to wait; until then the message may be before it.
        const sent: Promise<Position>[] = [];
        const publishing = setInterval(() => sent.push(bus.publish(message('now'))), 50);
        try {
          expect(texts(await items)[0]).toBe('now');
        } finally {
          clearInterval(publishing);
          await Promise.all(sent);
        }
      });

      test('patterns that change during a read take effect', async () => {
        const bus = await makeStarted();
        const patterns = new Set(['mad.topic.a']);
        const stop = new AbortController();
        const seen: string[] = [];
        const reading = (async () => {
          const options = {
            from: 'start',
            patterns: () => patterns,
            signal: stop.signal,
            idleMs: 20,
          } as const;
          for await (const batch of bus.read(options)) seen.push(...texts(batch.items));
        })();
        await bus.publish(message('a1', { channel: 'mad.topic.a' }));
        await bus.publish(message('b1', { channel: 'mad.topic.b' }));
        await bus.publish(message('a2', { channel: 'mad.topic.a' }));
        await vi.waitFor(() => expect(seen).toEqual(['a1', 'a2']));
        patterns.add('mad.topic.b');
        await bus.publish(message('b2', { channel: 'mad.topic.b' }));
        await vi.waitFor(() => expect(seen).toEqual(['a1', 'a2', 'b2']));
        stop.abort();
        await reading;
      });

      test('an abort ends a blocked read at once, and so does a stop', async () => {
        const bus = await makeStarted();
        const stop = new AbortController();
        const blocked = { patterns: () => ALL, from: 'end', idleMs: 60_000 } as const;
        const aborted = drain(bus.read({ ...blocked, signal: stop.signal }));
        const stopped = drain(bus.read({ ...blocked, signal: new AbortController().signal }));
        const before = performance.now();
        stop.abort();
        await aborted;
        await bus.stop();
        await stopped;
        expect(performance.now() - before).toBeLessThan(5_000);
      });

      test('an aborted signal reads nothing', async () => {
        const bus = await makeStarted();
        await bus.publish(message('unseen'));
        expect(
          await drain(bus.read({ from: 'start', patterns: () => ALL, signal: AbortSignal.abort() })),
        ).toBe(0);
      });
    });

    describe('gaps', () => {
      test('a place that has been trimmed away gives a gap with both ends, then what is left', async () => {
        const bus = await makeStarted({ maxLength: 100 });
        const first = await bus.publish(message('first'));
        for (const index of numbers(10)) {
          await Promise.all(numbers(100).map((offset) => bus.publish(message(`${index * 100 + offset}`))));
        }
        const { items } = await bus.readOnce({ from: first, patterns: () => ALL, maxBatch: 2_000 });
        const [gap, oldest] = items;
        expect(gap).toEqual({
          kind: 'gap',
          reason: 'trimmed',
          from: first,
          to: positionsOf([oldest as LogItem])[0],
        });
        expect(texts(items).at(-1)).toBe('999');
        expect(texts(items).length).toBeLessThan(500);
        expect(texts(items)).toEqual(numbers(1_000).map(String).slice(-texts(items).length));
      });

      test('a gap comes whatever the patterns are', async () => {
        const bus = await makeStarted({ maxLength: 100 });
        const first = await bus.publish(message('first'));
        await Promise.all(numbers(1_000).map((index) => bus.publish(message(`${index}`))));
        const { items } = await bus.readOnce({ from: first, patterns: () => [], maxBatch: 2_000 });
        expect(items).toMatchObject([{ kind: 'gap', reason: 'trimmed', from: first }]);
      });

      test('the place just before the oldest entry is no gap', async () => {
        const bus = await makeStarted({ maxLength: 100 });
        const positions = await Promise.all(numbers(1_000).map((index) => bus.publish(message(`${index}`))));
        const { items } = await bus.readOnce({ from: 'start', patterns: () => ALL, maxBatch: 2_000 });
        const before = positions[Number(texts(items)[0]) - 1] as Position;
        const resumed = await bus.readOnce({ from: before, patterns: () => ALL, maxBatch: 2_000 });
        expect(resumed.items).toEqual(items);
      });

      test('a position of another epoch gives a gap of unknown size, then the log from its beginning', async () => {
        const bus = await makeStarted();
        const oldest = await bus.publish(message('1'));
        await bus.publish(message('2'));
        const from = 'another-epoch:1700000000000-41' as Position;
        const { items } = await bus.readOnce({ from, patterns: () => ALL });
        expect(items[0]).toEqual({ kind: 'gap', reason: 'epoch', from, to: oldest });
        expect(texts(items)).toEqual(['1', '2']);
      });
    });

    describe('finding a place', () => {
      const readFrom = async (bus: Bus, sought: PlaceSought): Promise<string[]> => {
        const { position: from, trimmedTo } = await bus.findPlace(sought);
        expect(trimmedTo).toBeNull();
        return texts((await bus.readOnce({ from, patterns: () => ALL })).items);
      };

      test('by a time: behind it stand the entries from then on', async () => {
        const bus = await makeStarted();
        const before = Date.now();
        const positions: Position[] = [];
        for (const text of ['1', '2', '3']) {
          positions.push(await bus.publish(message(text)));
          // Entries of one millisecond are found together.
          await delay(3);
        }
        const timeOf = (index: number): number => positionTimeMs(positions[index] as Position);
        expect(await readFrom(bus, { sinceMs: 0 })).toEqual(['1', '2', '3']);
        expect(await readFrom(bus, { sinceMs: before - 60_000 })).toEqual(['1', '2', '3']);
        expect(await readFrom(bus, { sinceMs: timeOf(1) - 0.5 })).toEqual(['2', '3']);
        expect(await readFrom(bus, { sinceMs: timeOf(1) })).toEqual(['2', '3']);
        expect(await readFrom(bus, { sinceMs: timeOf(1) + 1 })).toEqual(['3']);
        expect(await readFrom(bus, { sinceMs: timeOf(2) + 1 })).toEqual([]);
        expect(await readFrom(bus, { sinceMs: before + 3_600_000 })).toEqual([]);
      });

      test('by a number: behind it stand so many entries, or all', async () => {
        const bus = await makeStarted();
        for (const burst of [['1'], ['2', '3', '4', '5'], ['6', '7']]) {
          // Some share a millisecond, and some do not.
          await Promise.all(burst.map((text) => bus.publish(message(text))));
          await delay(5);
        }
        const all = ['1', '2', '3', '4', '5', '6', '7'];
        for (const newest of [0, 1, 2, 3, 4, 5, 6, 7]) {
          expect(await readFrom(bus, { newest })).toEqual(all.slice(all.length - newest));
        }
        expect(await readFrom(bus, { newest: 100 })).toEqual(all);
      });

      test.each<{ sought: PlaceSought }>([{ sought: { sinceMs: 1 } }, { sought: { newest: 5 } }])(
        'a log with nothing in it has one for $sought',
        async ({ sought }) => {
          const bus = await makeStarted();
          const { position: from, trimmedTo } = await bus.findPlace(sought);
          expect(trimmedTo).toBeNull();
          await bus.publish(message('first'));
          expect(texts((await bus.readOnce({ from, patterns: () => ALL })).items)).toEqual(['first']);
        },
      );

      test.each<{ sought: PlaceSought }>([{ sought: { sinceMs: 0 } }, { sought: { newest: 1_000 } }])(
        'says where entries that $sought asks for may be gone',
        async ({ sought }) => {
          const bus = await makeStarted({ maxLength: 100 });
          await Promise.all(numbers(1_000).map((index) => bus.publish(message(`${index}`))));
          const { position: from, trimmedTo } = await bus.findPlace(sought);
          const { items } = await bus.readOnce({ from, patterns: () => ALL, maxBatch: 2_000 });
          expect(trimmedTo).toBe(positionsOf(items)[0]);
          expect(texts(items)).toEqual(numbers(1_000).map(String).slice(-texts(items).length));
        },
      );

      test('what is left of a log that was trimmed is found as ever', async () => {
        const bus = await makeStarted({ maxLength: 100 });
        await Promise.all(numbers(1_000).map((index) => bus.publish(message(`${index}`))));
        const { items } = await bus.readOnce({ from: 'start', patterns: () => ALL, maxBatch: 2_000 });
        const newestMs = positionTimeMs(positionsOf(items).at(-1) as Position);
        expect(await readFrom(bus, { sinceMs: newestMs + 1 })).toEqual([]);
        expect(await readFrom(bus, { newest: 50 })).toEqual(numbers(1_000).map(String).slice(-50));
        expect(await readFrom(bus, { newest: items.length })).toEqual(texts(items));
      });
    });

    describe('keeping values', () => {
      test('a value is set, read, replaced and deleted', async () => {
        const { kv } = await makeStarted();
        expect(await kv.get('absent')).toBeNull();
        await kv.set('key', '{"a":1}', 60_000);
        await kv.set('other', 'untouched', 60_000);
        expect(await kv.get('key')).toBe('{"a":1}');
        await kv.set('key', 'new', 60_000);
        expect(await kv.get('key')).toBe('new');
        await kv.delete('key');
        expect(await kv.get('key')).toBeNull();
        expect(await kv.get('other')).toBe('untouched');
      });

      test('a value ends with its time', async () => {
        const { kv } = await makeStarted();
        await kv.set('short', 'value', 30);
        await expect.poll(() => kv.get('short')).toBeNull();
      });
    });

    describe('the head', () => {
      test('is the newest entry, one’s own at once and that of others soon', async () => {
        const [own, other] = [await makeStarted(), await makeStarted()];
        const first = await own.publish(message('a'));
        expect(own.head()).toBe(first);
        const second = await other.publish(message('b'));
        // In memory the two are two logs, and each its own.
        const newest = own.kind === 'memory' ? first : second;
        await expect.poll(() => own.head(), { timeout: 5_000 }).toBe(newest);
        expect(other.head()).toBe(second);
      });

      test('does not go back where an old message is published again', async () => {
        const bus = await makeStarted();
        const old = message('old');
        await bus.publish(old);
        const newest = await bus.publish(message('new'));
        await bus.publish(old, { retry: true });
        expect(bus.head()).toBe(newest);
      });
    });

    describe('status and stop', () => {
      test('status tells of each change, and stop may be said twice', async () => {
        const bus = await makeStarted();
        await vi.waitFor(() => expect(bus.status()).toMatchObject({ connected: true }));
        const changes: boolean[] = [];
        const end = bus.onStatus(({ connected }) => changes.push(connected));
        await bus.stop();
        await bus.stop();
        expect(changes).toEqual([false]);
        expect(bus.status().connected).toBe(false);
        end();
      });

      test('taking up what others publish runs until its signal aborts', async () => {
        const bus = await makeStarted();
        const stop = new AbortController();
        const adopting = bus.adoptForeign(stop.signal);
        await bus.publish(message('ours'));
        stop.abort();
        await adopting;
        const { items } = await bus.readOnce({ from: 'start', patterns: () => ALL });
        expect(texts(items)).toEqual(['ours']);
      });
    });
  });
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const envelopes = (items: readonly LogItem[]): Envelope[] =>
  items.flatMap((item) => (item.kind === 'message' ? [item.envelope] : []));

const texts = (items: readonly LogItem[]): string[] =>
  envelopes(items).map(({ payload }) => String(payload.text));

const positionsOf = (items: readonly LogItem[]): Position[] =>
  envelopes(items).map(({ position }) => position as Position);

/** Reads until the reader ends. Gives the number of batches that held something. */
async function drain(batches: AsyncIterable<LogBatch>): Promise<number> {
  let count = 0;
  for await (const { items } of batches) if (items.length > 0) count += 1;
  return count;
}
