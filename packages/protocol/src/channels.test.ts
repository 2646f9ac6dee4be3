import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePatterns, isChannel, isPattern, topicPattern } from './channels.ts';

test.each([
  ['mad.direct.fiedler', 'mad.direct'],
  ['mad.topic.system_events', 'mad.topic'],
  ['mad.stream.1-2', 'mad.stream'],
  ['mad.system.heartbeat', 'mad.system'],
  ['mad.fiedler.task.status', 'mad.other'],
  ['mad', 'mad.unknown'],
  ['mad.', 'mad.unknown'],
])('counts %s under %s', (channel, pattern) => {
  expect(topicPattern(channel)).toBe(pattern);
});

test.each(['', 'mad', 'mad.', 'other.topic.x', 'mad.topic.a b', 'mad.topic.a\n', 'mad.topic.*', 'mad.#'])(
  'refuses to publish on %j',
  (channel) => {
    expect(isChannel(channel)).toBe(false);
  },
);

test('takes a channel of any depth and script', () => {
  expect(isChannel('mad.topic.größe.数')).toBe(true);
});

test.each(['mad.#', 'mad.*', 'mad.stream.*', 'mad.topic.news', 'mad.topic.größe'])(
  '%j is a pattern',
  (pattern) => {
    expect(isPattern(pattern)).toBe(true);
  },
);

test.each([
  '',
  '*',
  'topic',
  'mad',
  'mad.',
  'mad.topic.#',
  'mad.topic.a b',
  'mad.topic.a\n',
  'other.*',
  `mad.${'x'.repeat(600)}`,
])('%j is no pattern: nothing could match it', (pattern) => {
  expect(isPattern(pattern)).toBe(false);
});

const channel = fc.stringMatching(/^mad\.(direct|topic|stream)\.[a-z.]{1,12}$/);

test('mad.# matches every channel', () => {
  fc.assert(fc.property(channel, (name) => compilePatterns(['mad.#'])(name)));
});

test('a pattern list matches just what one of its patterns matches', () => {
  const pattern = fc.oneof(
    channel,
    channel.map((name) => `${name.slice(0, -1)}*`),
  );
  fc.assert(
    fc.property(fc.array(pattern), channel, (patterns, name) => {
      const expected = patterns.some((one) =>
        one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name,
      );
      return compilePatterns(patterns)(name) === expected;
    }),
  );
});
