import type { ConsoleFrame } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { entry, event, frame } from '../testing.ts';
import { type MessageEntry, toEntry } from './entries.ts';
import { beganLater, hopsOf, Trace, tasksOf } from './trace.ts';

const token = (number: number, text: string, task = 't'): MessageEntry =>
  entry(number, {
    channel: `mad.stream.${task}`,
    payload: event(number, 'token', { token: text }),
  }) as MessageEntry;

test('tokens of one task that follow each other are one hop, with their text', () => {
  const messages = [
    entry(1, { channel: 'mad.direct.fiedler', recipient_id: 'fiedler' }),
    token(2, 'a'),
    token(3, 'b'),
    token(4, 'x', 'other'),
    token(5, 'c'),
    entry(6, { channel: 'mad.stream.t', payload: event(6, 'state', { status: 'COMPLETED' }) }),
  ] as MessageEntry[];
  expect(hopsOf(messages).map(({ count, text }) => [count, text])).toEqual([
    [1, null],
    [2, 'ab'],
    [1, 'x'],
    [1, 'c'],
    [1, null],
  ]);
});

test('what the log holds and what comes meanwhile are one trace, in order, each once', async () => {
  const paths: string[] = [];
  const more = Promise.withResolvers<void>();
  async function* frames(path: string): AsyncGenerator<ConsoleFrame[]> {
    paths.push(path);
    yield [frame(1, { correlation_id: 'x' })];
    await more.promise;
    yield [frame(2, { correlation_id: 'x' }), frame(3, { correlation_id: 'x' })];
    yield [{ type: 'end', searched_from: '2026-11-21T12:00:00.000Z' }];
  }
  const trace = new Trace({ frames }, 'x', 5_000_000);
  trace.take(entry(3, { correlation_id: 'x' }));
  trace.take(entry(4, { correlation_id: 'another' }));
  trace.take(entry(10, { correlation_id: 'x' }));
  trace.flush();
  more.resolve();
  await expect.poll(() => trace.search.value.state).toBe('done');
  expect(trace.messages.value.map(({ message }) => message.message_id)).toEqual(['m1', 'm2', 'm3', 'm10']);
  expect(trace.search.value).toMatchObject({ whole: false, searchedFrom: '2026-11-21T12:00:00.000Z' });
  expect(paths).toEqual(['search?correlation_id=x&since_ms=4100000']);
  trace.searchWhole();
  expect(paths[1]).toBe('search?correlation_id=x');
});

test('what the page still holds and the log has lost is shown, and counted as gone', async () => {
  async function* frames(): AsyncGenerator<ConsoleFrame[]> {
    yield [frame(3, { correlation_id: 'x' })];
    yield [{ type: 'end', searched_from: '1970-01-01T00:16:40.025Z' }];
  }
  const held = [1, 2, 3].map((number) => entry(number, { correlation_id: number === 2 ? 'y' : 'x' }));
  const trace = new Trace({ frames }, 'x', 1_000_010, held);
  expect(trace.messages.value.map(({ message }) => message.message_id)).toEqual(['m1', 'm3']);
  await expect.poll(() => trace.search.value.state).toBe('done');
  expect(trace.messages.value.map(({ message }) => message.message_id)).toEqual(['m1', 'm3']);
  await expect.poll(() => trace.gone.value).toBe(1);
  expect(beganLater(trace.search.value, trace.nearMs)).toBe(true);
  expect(beganLater(trace.search.value, 1_000_030)).toBe(false);
  expect(beganLater(trace.search.value, null)).toBe(false);
});

test('behind a gap of the log it is looked at again: what it took is counted', async () => {
  const kept = [[1, 2], [2]];
  async function* frames(): AsyncGenerator<ConsoleFrame[]> {
    yield (kept.shift() ?? []).map((number) => frame(number, { correlation_id: 'x' }));
    yield [{ type: 'end', searched_from: null }];
  }
  const trace = new Trace({ frames }, 'x', null);
  await expect.poll(() => trace.search.value.state).toBe('done');
  expect(trace.gone.value).toBe(0);
  const gap = toEntry({ type: 'gap', reason: 'epoch', from: 'a:1-1', to: 'b:2-1' } as never, 9);
  if (gap) trace.take(gap);
  await expect.poll(() => trace.gone.value).toBe(1);
  expect(trace.messages.value).toHaveLength(2);
});

test('a search of a part says nothing of what is older than it', async () => {
  async function* frames(): AsyncGenerator<ConsoleFrame[]> {
    yield [{ type: 'end', searched_from: null }];
  }
  const old = entry(1, { correlation_id: 'x', ms: 1_000 });
  const trace = new Trace({ frames }, 'x', 5_000_000, [old]);
  await expect.poll(() => trace.search.value.state).toBe('done');
  expect(trace.gone.value).toBe(0);
});

test('a trace leads back to the tasks whose events it has', () => {
  const own = { ...token(1, 'a', 'task-1') };
  const fromFiedler = entry(2, { channel: 'mad.stream.task-2', sender_id: 'fiedler' }) as MessageEntry;
  expect(tasksOf([own, fromFiedler, fromFiedler])).toEqual([{ mad: 'fiedler', taskId: 'task-2' }]);
});
