import { CONSOLE_READ_PREFIX } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { entry } from '../testing.ts';
import { toEntry } from './entries.ts';
import { Traffic } from './traffic.ts';

const NOW = 1_000_000_000;
const ago = (seconds: number): { ms: number } => ({ ms: NOW - seconds * 1000 });

test('flows of a minute are summed up by sender and target, the largest first', () => {
  const traffic = new Traffic();
  for (const seconds of [0, 10, 59])
    traffic.add(entry(1, { ...ago(seconds), sender_id: 'grace', channel: 'mad.topic.news' }));
  traffic.add(
    entry(2, { ...ago(5), sender_id: 'grace', channel: 'mad.direct.fiedler', recipient_id: 'fiedler' }),
  );
  traffic.add(entry(3, { ...ago(5), sender_id: 'fiedler', channel: 'mad.stream.task' }));
  traffic.add(entry(4, { ...ago(70), sender_id: 'long-gone' }));
  expect(traffic.flows(NOW)).toEqual([
    { sender: 'grace', target: 'topic.news', direct: false, to: 'topic.news', forConsole: false, count: 3 },
    { sender: 'fiedler', target: 'stream', direct: false, to: 'stream', forConsole: false, count: 1 },
    { sender: 'grace', target: 'fiedler', direct: true, to: '@fiedler', forConsole: false, count: 1 },
  ]);
});

test('a withheld message counts, a gap does not', () => {
  const traffic = new Traffic();
  const withheld = {
    type: 'withheld',
    position: `e:${NOW}-1`,
    sender_id: 'fiedler',
    topic_pattern: 'mad.stream',
  };
  for (const frame of [withheld, { type: 'gap', reason: 'epoch', from: 'a:1-1', to: `e:${NOW}-1` }]) {
    const one = toEntry(frame as never, 1);
    if (one) traffic.add(one);
  }
  expect(traffic.flows(NOW)).toEqual([
    { sender: 'fiedler', target: 'stream', direct: false, to: 'stream', forConsole: false, count: 1 },
  ]);
});

test('an old message that comes late takes nobody’s place', () => {
  const traffic = new Traffic();
  traffic.add(entry(1, ago(0)));
  traffic.add(entry(2, ago(60)));
  expect(traffic.perSecond(NOW).at(-1)).toBe(1);
});

test('the rate is that of the last whole seconds', () => {
  const traffic = new Traffic();
  for (let index = 0; index < 100; index += 1) traffic.add(entry(index, { ms: NOW - 5000 + index * 50 }));
  expect(traffic.rate(NOW)).toBeCloseTo(20, 0);
  expect(traffic.perSecond(NOW - 1000).reduce((sum, value) => sum + value)).toBe(100);
});

test('what Rogers asks for a console is a flow of its own', () => {
  const traffic = new Traffic();
  const ask = { sender_id: 'rogers', channel: 'mad.direct.fiedler', recipient_id: 'fiedler', ...ago(1) };
  traffic.add(entry(1, { ...ask, correlation_id: `${CONSOLE_READ_PREFIX}1` }));
  traffic.add(entry(2, ask));
  traffic.add(entry(3, ask));
  expect(traffic.flows(NOW).map(({ forConsole, count }) => [forConsole, count])).toEqual([
    [false, 2],
    [true, 1],
  ]);
});
