import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entry } from '../testing.ts';
import { BusLog, NO_FILTER } from './bus-log.ts';
import { KINDS, type Kind, toEntry } from './entries.ts';
import { filterFrom, isFiltered, isQuiet, QUIET, queryFrom, toggled } from './filter-query.ts';
import { SlidingList } from './window.ts';

test('a sliding list is an array that is pushed to and shifted from', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(), fc.constant('shift' as const)), { maxLength: 5000 }), (steps) => {
      const list = new SlidingList<number>();
      const array: number[] = [];
      for (const step of steps) {
        if (step === 'shift') expect(list.shift()).toBe(array.shift());
        else {
          list.push(step);
          array.push(step);
        }
      }
      expect(list.length).toBe(array.length);
      expect(list.slice()).toEqual(array);
      expect(list.at(0)).toBe(array[0]);
      expect(list.at(-1)).toBeUndefined();
    }),
  );
});

describe('the newest part of the log', () => {
  const numbers = (log: BusLog, of: 'entries' | 'shown' = 'entries'): number[] =>
    log[of].slice().map(({ id }) => id);

  test('is bounded in entries', () => {
    const log = new BusLog({ maxEntries: 3 });
    for (const number of [1, 2, 3, 4, 5]) log.add(entry(number));
    expect(numbers(log)).toEqual([3, 4, 5]);
    expect(numbers(log, 'shown')).toEqual([3, 4, 5]);
    expect(log.total).toBe(5);
  });

  test('and in what they hold, but for the newest', () => {
    const log = new BusLog({ maxChars: 5_000 });
    for (const number of [1, 2, 3]) log.add(entry(number, { payload: { text: 'x'.repeat(1_700) } }));
    expect(numbers(log)).toEqual([2, 3]);
    log.add(entry(4, { payload: { text: 'x'.repeat(10_000) } }));
    expect(numbers(log)).toEqual([4]);
  });

  test('filters by text, kind and sender, what is there and what comes, and tells of each gap', () => {
    const log = new BusLog();
    const gap = toEntry({ type: 'gap', reason: 'epoch', from: 'a:1-1', to: 'b:2-1' } as never, 9);
    log.add(entry(1, { sender_id: 'grace', payload: { text: 'Hello' } }));
    log.add(entry(2, { sender_id: 'fiedler', channel: 'mad.stream.t', payload: { text: 'hello' } }));
    if (gap) log.add(gap);
    log.setFilter({ ...NO_FILTER, text: ' HELLO ' });
    expect(numbers(log, 'shown')).toEqual([1, 2, 9]);
    log.setFilter({ ...NO_FILTER, kinds: new Set(['stream']) });
    expect(numbers(log, 'shown')).toEqual([2, 9]);
    log.setFilter({ ...NO_FILTER, sender: 'grace' });
    expect(numbers(log, 'shown')).toEqual([1, 9]);
    log.add(entry(10, { sender_id: 'grace' }));
    log.add(entry(11, { sender_id: 'rogers' }));
    expect(numbers(log, 'shown')).toEqual([1, 9, 10]);
    log.setFilter({ ...NO_FILTER, text: 'm11' });
    expect(numbers(log, 'shown')).toEqual([9, 11]);
    log.add(entry(12, { channel: 'mad.direct.grace', recipient_id: 'grace' }));
    log.setFilter({ ...NO_FILTER, to: '@grace' });
    expect(numbers(log, 'shown')).toEqual([9, 12]);
    log.setFilter({ ...NO_FILTER, to: 'topic.x' });
    expect(numbers(log, 'shown')).toEqual([1, 9, 10, 11]);
  });

  test('finds a message by the words that its row shows', () => {
    const log = new BusLog();
    const plan = { plan: [{ title: 'One' }, { title: 'Two' }] };
    log.add(entry(1, { channel: 'mad.stream.t', payload: { seq: 1, type: 'plan', plan } }));
    log.add(entry(2));
    log.setFilter({ ...NO_FILTER, text: 'Plan of 2 steps' });
    expect(numbers(log, 'shown')).toEqual([1]);
  });

  test('what the filter leaves goes with what is forgotten', () => {
    const log = new BusLog({ maxEntries: 2 });
    log.setFilter({ ...NO_FILTER, sender: 'grace' });
    for (const number of [1, 2, 3]) log.add(entry(number, { sender_id: number === 2 ? 'rogers' : 'grace' }));
    expect(numbers(log, 'shown')).toEqual([3]);
  });

  test('begins where a reload begins again', () => {
    const log = new BusLog({ maxEntries: 2 });
    expect(log.firstPosition).toBeNull();
    for (const number of [1, 2, 3]) log.add(entry(number));
    expect(log.firstPosition).toBe(entry(2).position);
  });
});

test('a filter survives the address', () => {
  const kinds = new Set(['direct', 'stream'] as const);
  const filter = { text: 'a b&c', sender: 'grace', to: '@fiedler', kinds };
  expect(filterFrom(new URLSearchParams(queryFrom(filter)))).toEqual(filter);
  expect(queryFrom(NO_FILTER)).toEqual({});
  expect(isFiltered(NO_FILTER)).toBe(false);
  expect(isFiltered(filter)).toBe(true);
});

test.each([
  ['kinds=direct,topic,stream,system', ['direct', 'topic', 'stream', 'system']],
  ['kinds=stream,nonsense', ['stream']],
  ['kinds=', [...KINDS]],
  ['text=x', [...KINDS]],
])('the address %s shows %j', (query, kinds) => {
  expect([...filterFrom(new URLSearchParams(query)).kinds]).toEqual(kinds);
});

test('the first click on a kind singles it out, others join or leave, and none is all', () => {
  const clicks: Kind[] = ['direct', 'stream', 'direct', 'stream'];
  let kinds = NO_FILTER.kinds;
  const seen = clicks.map((kind) => {
    kinds = toggled(kinds, kind);
    return [...kinds];
  });
  expect([isQuiet(toggled(QUIET, 'direct')), isQuiet(QUIET), isQuiet(kinds)]).toEqual([false, true, false]);
  expect(seen).toEqual([['direct'], ['direct', 'stream'], ['stream'], [...KINDS]]);
});
