import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

/** Work that ends when it is told to. */
function startWork(turns: Turns, begun: string[], name: string, signal?: AbortSignal) {
  const work = Promise.withResolvers<string>();
  const result = turns.take(() => {
    begun.push(name);
    return work.promise;
  }, signal);
  return { end: () => work.resolve(name), result };
}

test('so many work at once, the others follow in the order they came', async () => {
  const turns = new Turns(2);
  const begun: string[] = [];
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => startWork(turns, begun, name));
  expect(begun).toEqual(['a', 'b']);
  b?.end();
  expect(await b?.result).toBe('b');
  await expect.poll(() => begun).toEqual(['a', 'b', 'c']);
  for (const work of [a, c, d]) work?.end();
  await Promise.all([a, c, d].map((work) => work?.result));
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});

test('work that fails gives its turn back', async () => {
  const turns = new Turns(1);
  await expect(turns.take(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await turns.take(async () => 1)).toBe(1);
});

test('who gives up while waiting leaves its place to those behind it, and is told the reason', async () => {
  const turns = new Turns(1);
  const begun: string[] = [];
  const gone = new AbortController();
  const a = startWork(turns, begun, 'a');
  const b = startWork(turns, begun, 'b', gone.signal);
  const c = startWork(turns, begun, 'c', new AbortController().signal);
  gone.abort(new Error('gone'));
  await expect(b.result).rejects.toThrow('gone');
  a.end();
  c.end();
  expect(await c.result).toBe('c');
  await expect(turns.take(async () => 1, gone.signal)).rejects.toThrow('gone');
  expect(begun).toEqual(['a', 'c']);
  expect(await turns.take(async () => 2)).toBe(2);
});
