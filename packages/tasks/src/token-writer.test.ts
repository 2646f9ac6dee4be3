import { silentLogger } from '@mad-group/protocol';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { NewEvent } from './event-log.ts';
import type { EventGroup } from './task-store.ts';
import { createTokenWriter, splitToken } from './token-writer.ts';
import { createTextJoiner } from './whole-text.ts';

const tokenEvent = (token: string): NewEvent => ({ type: 'token', atMs: 1, token });

function recordingStore() {
  const groups: EventGroup[][] = [];
  let fault: Error | undefined;
  return {
    groups,
    failWith(error: Error | undefined) {
      fault = error;
    },
    appendEvents(next: readonly EventGroup[]) {
      if (fault) throw fault;
      groups.push([...next]);
      return new Set(next.map(({ task }) => task));
    },
  };
}

test('tokens of one moment are one commit, and one event for each task', async () => {
  const store = recordingStore();
  const writer = createTokenWriter(store, silentLogger);
  writer.add(1, 1, tokenEvent('a'));
  writer.add(2, 1, tokenEvent('x'));
  writer.add(1, 1, tokenEvent('b'));
  writer.add(1, 1, { type: 'tool_call', atMs: 1, token: '', data: { name: 't' } });
  writer.add(1, 1, tokenEvent('c'));
  await vi.waitFor(() => expect(store.groups).toHaveLength(1));
  expect(store.groups[0]?.map(({ task, events }) => [task, events.map(({ token }) => token)])).toEqual([
    [1, ['ab', '', 'c']],
    [2, ['x']],
  ]);
  writer.stop();
});

test('what is taken is not written too', () => {
  const store = recordingStore();
  const writer = createTokenWriter(store, silentLogger);
  writer.add(1, 1, tokenEvent('a'));
  expect(writer.take(1)).toEqual([tokenEvent('a')]);
  expect(writer.take(1)).toEqual([]);
  writer.stop();
  expect(store.groups).toEqual([]);
});

test('a commit that fails is tried again with all of its text', async () => {
  const store = recordingStore();
  const writer = createTokenWriter(store, silentLogger);
  store.failWith(new Error('disk full'));
  writer.add(1, 1, tokenEvent('a'));
  writer.stop();
  store.failWith(undefined);
  writer.add(1, 1, tokenEvent('b'));
  await vi.waitFor(() => expect(store.groups[0]?.[0]?.events).toEqual([tokenEvent('ab')]));
  writer.stop();
});

test('where many tasks stream, their tokens wait longer and share events', () => {
  vi.useFakeTimers();
  const store = recordingStore();
  const writer = createTokenWriter(store, silentLogger);
  const speak = (): void => {
    for (let task = 1; task <= 400; task += 1) writer.add(task, 1, tokenEvent('a'));
  };
  speak();
  vi.advanceTimersByTime(5);
  expect(store.groups).toHaveLength(1);
  speak();
  vi.advanceTimersByTime(50);
  speak();
  vi.advanceTimersByTime(29);
  expect(store.groups).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(store.groups[1]).toHaveLength(400);
  expect(store.groups[1]?.every(({ events }) => events.length === 1 && events[0]?.token === 'aa')).toBe(true);
  writer.stop();
  vi.useRealTimers();
});

test('a token that is too long for an event becomes several, whole characters each', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }), (unit) => {
      const text = unit.repeat(Math.ceil(40_000 / unit.length));
      const pieces = splitToken(tokenEvent(text)).map(({ token }) => token);
      expect(pieces.join('')).toBe(text);
      for (const piece of pieces) {
        expect(piece.length).toBeLessThanOrEqual(16_384);
        expect(piece.isWellFormed()).toBe(text.isWellFormed());
      }
    }),
    { numRuns: 50 },
  );
});

test('pieces of a text, however they are cut, join to the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(5)), (text, cuts) => {
      const joiner = createTextJoiner();
      let given = '';
      let from = 0;
      for (const cut of cuts) {
        given += joiner.add(text.slice(from, from + cut));
        from += cut;
      }
      given += joiner.add(text.slice(from)) + joiner.end();
      expect(given).toBe(text);
      expect(joiner.text()).toBe(text);
    }),
  );
});
