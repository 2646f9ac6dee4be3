import { describe, expect, test } from 'vitest';
import { costOf, parsePrices } from './prices.ts';

describe('prices', () => {
  test('are of models by name, for a million tokens', () => {
    const prices = parsePrices(' gpt-4o-mini=0.15/0.075/0.6,\n meta/llama=3.2:1b=1/2 ');
    expect([...prices]).toEqual([
      ['gpt-4o-mini', { input: 0.15, cachedInput: 0.075, output: 0.6 }],
      ['meta/llama=3.2:1b', { input: 1, cachedInput: 1, output: 2 }],
    ]);
    const price = prices.get('gpt-4o-mini');
    expect(price && costOf(price, { input: 1_000_000, cachedInput: 2_000_000, output: 500_000 })).toBeCloseTo(
      0.15 + 0.15 + 0.3,
      10,
    );
  });

  test.each(['gpt-4o', 'gpt-4o=1', '=1/2', 'm=1/x', 'm=-1/2', 'm=1/2/3/4', 'm=1//2'])(
    '%s is refused by name',
    (text) => expect(() => parsePrices(text)).toThrow(`but '${text}' is not`),
  );

  test('of one model twice are refused', () => {
    expect(() => parsePrices('m=1/2 m=1/3')).toThrow("has the model 'm' twice");
  });
});
