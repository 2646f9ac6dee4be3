import { createEnvelope, type Position } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import type { LogPage } from './grace-log.ts';
import { readSpan, type Selection } from './read-span.ts';

const ALL: Selection = { correlationId: null, conversationId: null, untilMs: null, follow: false };
const at = (timeMs: number): Position => `epoch-1:${timeMs}-${timeMs}` as Position;

const message = (timeMs: number, ids: { correlationId?: string; conversationId?: string } = {}) => ({
  ...createEnvelope({ channel: 'mad.topic.a', senderId: 's', payload: { timeMs }, ...ids }),
  position: at(timeMs),
});
const page = (times: readonly number[], rest: Partial<LogPage> = {}): LogPage => ({
  gaps: [],
  messages: times.map((timeMs) => message(timeMs)),
  position: at(times.at(-1) ?? 0),
  caughtUp: false,
  ...rest,
});

/** Also says how many pages were asked for. */
async function read(pages: readonly LogPage[], selection: Partial<Selection>, nowMs = 1_000) {
  let asked = 0;
  async function* source(): AsyncGenerator<LogPage> {
    for (const each of pages) {
      asked += 1;
      yield each;
    }
  }
  const times: unknown[] = [];
  for await (const { messages } of readSpan(source(), { ...ALL, ...selection }, () => nowMs)) {
    times.push(...messages.map(({ payload }) => payload.timeMs));
  }
  return { times, asked };
}

describe('a span', () => {
  test('ends where the log does, once all of it was read', async () => {
    const pages = [page([1, 2]), page([]), page([3], { caughtUp: true }), page([4])];
    expect(await read(pages, {})).toEqual({ times: [1, 2, 3], asked: 3 });
  });

  test('goes on there when it follows', async () => {
    const pages = [
      page([1], { caughtUp: true }),
      page([], { caughtUp: true }),
      page([2], { caughtUp: true }),
    ];
    expect(await read(pages, { follow: true })).toEqual({ times: [1, 2], asked: 3 });
  });

  test.each([
    ['in a page', [page([1, 2, 3, 4]), page([5])], { times: [1, 2], asked: 1 }],
    ['between two pages', [page([1, 2]), page([3]), page([4])], { times: [1, 2], asked: 2 }],
    [
      'in messages that others were sent',
      [page([1]), page([], { position: at(3) }), page([4])],
      { times: [1], asked: 2 },
    ],
  ])('ends at its last moment, %s', async (_, pages, expected) => {
    expect(await read(pages, { untilMs: 2, follow: true })).toEqual(expected);
  });

  test('ends at its last moment also where nothing more comes', async () => {
    const quiet = [page([1], { caughtUp: true }), page([], { caughtUp: true, position: at(1) })];
    expect(await read(quiet, { untilMs: 2, follow: true }, 3)).toEqual({ times: [1], asked: 1 });
    expect(await read(quiet, { untilMs: 2, follow: true }, 2)).toEqual({ times: [1], asked: 2 });
  });

  test('picks messages by correlation and by conversation', async () => {
    const messages = [
      message(1, { correlationId: 'a', conversationId: 'x' }),
      message(2, { correlationId: 'a', conversationId: 'y' }),
      message(3, { correlationId: 'b', conversationId: 'y' }),
    ];
    const pages = [page([], { messages, caughtUp: true })];
    expect((await read(pages, { correlationId: 'a' })).times).toEqual([1, 2]);
    expect((await read(pages, { conversationId: 'y' })).times).toEqual([2, 3]);
    expect((await read(pages, { correlationId: 'a', conversationId: 'y' })).times).toEqual([2]);
    expect((await read(pages, { correlationId: 'c' })).times).toEqual([]);
  });
});
