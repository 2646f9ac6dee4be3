import { createMemoryBus } from '@mad-group/bus';
import { createEnvelope, formatPosition, type Position } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { createLagMeter } from './bus-lag.ts';
import { meterBus } from './metered-bus.ts';
import { createMetrics } from './metrics.ts';

const at = (number: number, epoch = 'e'): Position => formatPosition({ epoch, place: `1-${number}` });

/** A meter over a log whose head, and a clock, the test moves. */
function meter() {
  let head: Position | null = null;
  let nowMs = 0;
  const lag = createLagMeter({ head: () => head }, { now: () => nowMs });
  return {
    lag,
    publish: (number: number, epoch?: string) => {
      head = at(number, epoch);
    },
    pass: (seconds: number) => {
      nowMs += seconds * 1000;
    },
    read: (number: number, caughtUp: boolean) => lag.gets({ items: [], position: at(number), caughtUp }),
  };
}

test('a reader is behind by the entries that it has not done with, since it was last at the head', () => {
  const { lag, publish, pass, read } = meter();
  expect(lag.lag()).toBeNull();
  publish(10);
  lag.begins('end');
  expect(lag.lag()).toEqual({ messages: 0, seconds: 0 });
  pass(5);
  expect(lag.lag()).toEqual({ messages: 0, seconds: 0 });
  publish(13);
  const done = read(12, false);
  pass(4);
  // It has them, and is not done with them.
  expect(lag.lag()).toEqual({ messages: 3, seconds: 4 });
  done();
  expect(lag.lag()).toEqual({ messages: 1, seconds: 4 });
  read(13, true)();
  publish(14);
  pass(2);
  expect(lag.lag()).toEqual({ messages: 1, seconds: 2 });
});

test('a reader that fails on the same batch again and again is ever further behind', () => {
  const { lag, publish, pass, read } = meter();
  publish(3);
  lag.begins('start');
  for (let tries = 1; tries <= 3; tries += 1) {
    read(3, true);
    pass(10);
    expect(lag.lag()).toEqual({ messages: 3, seconds: tries * 10 });
    lag.begins('start');
  }
});

test('a log that has begun anew is all unread, and one that is known better than its head is no lag', () => {
  const { lag, publish, read } = meter();
  publish(100);
  read(120, true)();
  expect(lag.lag()?.messages).toBe(0);
  publish(7, 'new');
  expect(lag.lag()?.messages).toBe(7);
});

test('a metered bus tells the lag of its named readers alone', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const bus = meterBus(createMemoryBus(), metrics, 'toy');
  await bus.start();
  const ended = new AbortController();
  const { signal } = ended;
  const publish = () => bus.publish(createEnvelope({ channel: 'mad.topic.x', senderId: 'toy', payload: {} }));
  await publish();
  const patterns = () => ['mad.#'];
  const reader = bus.read({ name: 'slow', from: 'start', patterns, signal })[Symbol.asyncIterator]();
  const nameless = bus.read({ from: 'start', patterns, signal })[Symbol.asyncIterator]();
  await Promise.all([reader.next(), nameless.next()]);
  await publish();
  const text = await metrics.scrape();
  expect(text).toContain('mad_bus_lag_messages{mad="toy",reader="slow"} 2');
  expect(text.match(/mad_bus_lag_messages\{/g)).toHaveLength(1);
  await reader.next();
  await reader.next();
  expect(await metrics.scrape()).toContain('mad_bus_lag_messages{mad="toy",reader="slow"} 0');
  ended.abort();
  await bus.stop();
});
