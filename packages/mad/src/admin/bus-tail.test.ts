import { once } from 'node:events';
import type { BusStatus, LogBatch, LogItem, ReadOptions } from '@mad-group/bus';
import { createEnvelope, type Position } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { fakeIo } from '../cli/fake-io.test-support.ts';
import { busTailCommand } from './bus-tail.ts';

const POSITION = '1-1' as Position;
const message = (
  senderId: string,
  payload: Record<string, unknown>,
  recipientId: string | null = null,
): LogItem => ({
  kind: 'message',
  foreign: false,
  envelope: {
    ...createEnvelope({
      channel: 'mad.topic.news',
      senderId,
      recipientId,
      payload,
      timestamp: '2026-01-31T09:05:03.120Z',
    }),
    position: POSITION,
  },
});

/** A bus that has said these things, and then is quiet until the reader leaves. */
function fakeBus(batches: readonly LogItem[][]) {
  const asked: ReadOptions[] = [];
  const listeners = new Set<(status: BusStatus) => void>();
  return {
    asked,
    listeners,
    status: (): BusStatus => ({ connected: true, sinceMs: 0 }),
    onStatus(listener: (status: BusStatus) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async *read(options: ReadOptions): AsyncGenerator<LogBatch> {
      asked.push(options);
      for (const items of batches) yield { items, position: POSITION, caughtUp: true };
      const { signal } = options;
      if (!signal.aborted) await once(signal, 'abort');
    },
  };
}
const tools = { callOrThrow: async () => ({}) };

test('shows messages from now on, a line each, and what is missing', async () => {
  const bus = fakeBus([
    [
      message('grace', { text: 'one\ntwo' }, 'fiedler'),
      { kind: 'gap', reason: 'trimmed', from: '1-2' as Position, to: '1-9' as Position },
      message('ev\u001b[2Jil\nforged line', { text: '\u009b\u001b' }),
    ],
  ]);
  const io = fakeIo();
  const tail = busTailCommand(bus).run(['mad.topic.*'], { io, tools });
  await expect.poll(() => bus.asked.length).toBe(1);
  for (const listener of bus.listeners) listener({ connected: false, sinceMs: 0, reason: 'ECONNREFUSED' });
  await expect.poll(io.out).toContain('forged');
  io.interrupt();
  expect(await tail).toBe(130);
  expect([...(bus.asked[0]?.patterns() ?? [])]).toEqual(['mad.topic.*']);
  expect(bus.asked[0]?.from).toBe('end');
  expect(io.out()).toBe(
    '2026-01-31 09:05:03.120  mad.topic.news  grace → fiedler  {"text":"one\\ntwo"}\n' +
      '2026-01-31 09:05:03.120  mad.topic.news  ev[2Jil forged line  {"text":"\\u009b\\u001b"}\n',
  );
  expect(io.err()).toContain('[the bus is away (ECONNREFUSED); waiting for it]');
  expect(io.err()).toContain('[gap: what was between 1-2 and 1-9 is no longer in the log]');
  expect(bus.listeners.size).toBe(0);
});

test('on a terminal a message keeps to its line; --json shows all of it', async () => {
  const long = message('grace', { text: 'x'.repeat(500) });
  const io = fakeIo({ isTTY: true, columns: 90, env: { NO_COLOR: '1' } });
  const bus = fakeBus([[long]]);
  const tail = busTailCommand(bus).run([], { io, tools });
  await expect.poll(io.out).toContain('…');
  io.interrupt();
  await tail;
  expect(io.out().trimEnd()).toHaveLength(90);
  expect([...(bus.asked[0]?.patterns() ?? [])]).toEqual(['mad.#']);

  const json = fakeIo({ isTTY: true, columns: 90 });
  const whole = busTailCommand(fakeBus([[long]])).run(['--json'], { io: json, tools });
  await expect.poll(json.out).toContain('\n');
  json.interrupt();
  await whole;
  expect(JSON.parse(json.out())).toMatchObject({ sender_id: 'grace', payload: { text: 'x'.repeat(500) } });
});

test('waits for its reader after each message', async () => {
  const bus = fakeBus([[message('a', {}), message('b', {})]]);
  const room: (() => void)[] = [];
  const io = fakeIo({ stdoutTaken: () => new Promise<void>((resolve) => room.push(resolve)) });
  const tail = busTailCommand(bus).run([], { io, tools });
  await expect.poll(() => room.length).toBe(1);
  expect(io.out()).toContain('  a  ');
  expect(io.out()).not.toContain('  b  ');
  room[0]?.();
  await expect.poll(io.out).toContain('  b  ');
  io.interrupt();
  room[1]?.();
  await tail;
});

test.each([['news'], ['mad.'], ['mad.a b'], ['mad.topic.#'], [`mad.${'x'.repeat(600)}`]])(
  '%j is no pattern',
  async (pattern) => {
    await expect(busTailCommand(fakeBus([])).run([pattern], { io: fakeIo(), tools })).rejects.toThrow(
      'is no pattern of the bus',
    );
  },
);
