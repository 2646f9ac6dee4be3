import type { Clock, Position } from '@mad-group/protocol';
import { parsePosition, positionTimeMs } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { createMemoryBus } from './memory-bus.ts';
import { busConformance } from './testing/conformance.ts';
import { message } from './testing/reading.ts';

busConformance('the memory bus', async (limits = {}) => {
  const bus = createMemoryBus(limits);
  await bus.start();
  return bus;
});

const ALL = { patterns: () => ['mad.#'] };

function handClock(startMs: number): Clock & { set(ms: number): void } {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    set: (ms) => {
      nowMs = ms;
    },
  };
}

describe('a log in memory', () => {
  test('has an epoch of its own in each instance', async () => {
    const [one, other] = [createMemoryBus(), createMemoryBus()];
    const position = await one.publish(message('here'));
    await other.publish(message('there'));
    const { items } = await other.readOnce({ from: position, ...ALL });
    expect(items).toMatchObject([
      { kind: 'gap', reason: 'epoch', from: position },
      { kind: 'message', envelope: { payload: { text: 'there' } } },
    ]);
  });

  test('gives places that grow while the clock stands and when it goes back', async () => {
    const clock = handClock(1_000_000);
    const bus = createMemoryBus({ clock });
    const positions: Position[] = [await bus.publish(message('a')), await bus.publish(message('b'))];
    clock.set(900_000);
    positions.push(await bus.publish(message('c')));
    clock.set(1_000_001);
    positions.push(await bus.publish(message('d')));
    expect(positions.map((position) => parsePosition(position).place)).toEqual([
      '1000000-1',
      '1000000-2',
      '1000000-3',
      '1000001-4',
    ]);
    expect(positionTimeMs(positions[3] as Position)).toBe(1_000_001);
  });

  test('lets go of what is too old, and tells of it even where nothing is left', async () => {
    const clock = handClock(1_000_000);
    const bus = createMemoryBus({ clock, maxAgeMs: 1_000 });
    const first = await bus.publish(message('a'));
    const last = await bus.publish(message('b'));
    clock.set(1_001_001);
    const batch = await bus.readOnce({ from: first, ...ALL });
    expect(batch).toEqual({
      items: [{ kind: 'gap', reason: 'trimmed', from: first, to: last }],
      position: last,
      caughtUp: true,
    });
    expect((await bus.readOnce({ from: last, ...ALL })).items).toEqual([]);
  });

  test('lets go of the oldest where it takes too much memory', async () => {
    const bus = createMemoryBus({ maxBytes: 50_000 });
    for (let index = 0; index < 100; index += 1) await bus.publish(message('x'.repeat(1_000)));
    const { items } = await bus.readOnce({ from: 'start', ...ALL });
    expect(items.length).toBeGreaterThan(20);
    expect(items.length).toBeLessThan(50);
  });
});
