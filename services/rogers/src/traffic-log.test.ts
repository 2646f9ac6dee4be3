import type { Logger } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { createTrafficLog } from './traffic-log.ts';

function setUp(maxPairs?: number) {
  const lines: { facts: object; message: string }[] = [];
  const take = (facts: object, message: string) => void lines.push({ facts, message });
  const log: Logger = { debug: take, info: take, warn: take, error: take, child: () => log };
  let nowMs = 1_000_000;
  const traffic = createTrafficLog({
    log,
    clock: { now: () => nowMs },
    ...(maxPairs === undefined ? {} : { maxPairs }),
  });
  const wait = (ms: number): void => {
    nowMs += ms;
  };
  return { traffic, lines, wait };
}

test('a message is logged once a minute for its sender and channel, with its facts', () => {
  const { traffic, lines, wait } = setUp();
  for (let n = 0; n < 100; n += 1) traffic.note('fiedler', 'mad.direct.grace');
  traffic.note('fiedler', 'mad.topic.x');
  traffic.note('grace', 'mad.direct.grace');
  expect(lines.map(({ message }) => message)).toEqual([
    '[Metrics] Received message from sender: fiedler on channel: mad.direct.grace',
    '[Metrics] Received message from sender: fiedler on channel: mad.topic.x',
    '[Metrics] Received message from sender: grace on channel: mad.direct.grace',
  ]);
  expect(lines[0]?.facts).toEqual({ sender_id: 'fiedler', channel: 'mad.direct.grace' });
  wait(59_999);
  traffic.note('fiedler', 'mad.direct.grace');
  expect(lines).toHaveLength(3);
  wait(1);
  traffic.note('fiedler', 'mad.direct.grace');
  expect(lines).toHaveLength(4);
});

test('a burst of channels gets a bounded number of lines, and the rest is summed up', () => {
  const { traffic, lines, wait } = setUp(10);
  for (let n = 0; n < 1000; n += 1) traffic.note('fiedler', `mad.stream.${n}`);
  expect(lines).toHaveLength(10);
  wait(60_000);
  traffic.note('fiedler', 'mad.stream.again');
  expect(lines.slice(10)).toEqual([
    { facts: { count: 990 }, message: '[Metrics] Received messages on more channels than are logged' },
    expect.objectContaining({
      message: '[Metrics] Received message from sender: fiedler on channel: mad.stream.again',
    }),
  ]);
});

test('a name cannot steer the terminal or break the line', () => {
  const { traffic, lines } = setUp();
  traffic.note('evil\u001b[2J\nname', `mad.topic.${'x'.repeat(400)}`);
  expect(lines[0]?.message).not.toMatch(/\p{Cc}/u);
  expect(lines[0]?.message.length).toBeLessThan(500);
});
