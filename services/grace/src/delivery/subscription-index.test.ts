import { compilePatterns } from '@mad-group/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SubscriptionIndex } from './subscription-index.ts';

const channel = fc
  .array(fc.constantFrom('a', 'b', '.'), { maxLength: 4 })
  .map((parts) => `mad.${parts.join('')}`);
const pattern = fc.oneof(
  channel,
  channel.map((prefix) => `${prefix}*`),
  fc.constantFrom('mad.#', '*', 'mad.*'),
);
const subscriptions = fc.array(fc.tuple(pattern, fc.nat(4)), { maxLength: 20 });

describe('SubscriptionIndex', () => {
  test('finds whom the patterns of each subscriber would find, each once', () => {
    fc.assert(
      fc.property(subscriptions, subscriptions, channel, (added, removed, wanted) => {
        const index = new SubscriptionIndex<number>();
        const patterns = new Map<number, Set<string>>();
        for (const [text, who] of added) {
          index.add(text, who);
          patterns.set(who, (patterns.get(who) ?? new Set()).add(text));
        }
        for (const [text, who] of removed) {
          index.remove(text, who);
          patterns.get(who)?.delete(text);
        }
        const expected = [...patterns]
          .filter(([, texts]) => compilePatterns(texts)(wanted))
          .map(([who]) => who);
        expect([...index.match(wanted)].sort()).toEqual(expected.sort());
        // What the reader of the log lets through is what somebody wants.
        expect(compilePatterns(index.union())(wanted)).toBe(expected.length > 0);
      }),
    );
  });

  test('past a thousand patterns the log is read unfiltered', () => {
    const index = new SubscriptionIndex<number>();
    for (let n = 0; n <= 1000; n += 1) index.add(`mad.direct.${n}`, n);
    expect([...index.union()]).toEqual(['mad.#']);
    index.remove('mad.direct.7', 7);
    expect([...index.union()]).toHaveLength(1000);
  });

  test('a channel costs the same however many clients others have', () => {
    const index = new SubscriptionIndex<number>();
    for (let n = 0; n < 20_000; n += 1) index.add(n % 2 ? `mad.direct.${n}` : `mad.topic.${n}.*`, n);
    index.add('mad.topic.wanted', -1);
    const startedMs = performance.now();
    let found = 0;
    for (let n = 0; n < 20_000; n += 1) found += [...index.match('mad.topic.wanted')].length;
    expect(found).toBe(20_000);
    // Visiting all 20,000 each time would be 400,000,000 steps: tens of seconds.
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });
});
