import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { linkSignal } from './linked-signal.ts';

test('it aborts with the first of its sources, for that one’s reason', () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const { signal } = linkSignal([one.signal, two.signal]);
  expect(signal.aborted).toBe(false);
  two.abort(new Error('second'));
  one.abort(new Error('first'));
  expect(signal.reason).toMatchObject({ message: 'second' });
});

test('it is aborted from the start where a source is', () => {
  expect(linkSignal([new AbortController().signal, AbortSignal.abort('gone')]).signal.reason).toBe('gone');
});

test('nothing is put on its sources before someone asks, and nothing is left on its sources when it is taken off', () => {
  const source = new AbortController();
  const links = Array.from({ length: 100 }, () => linkSignal([source.signal]));
  expect(getEventListeners(source.signal, 'abort')).toHaveLength(0);
  for (const link of links) expect(link.signal.aborted).toBe(false);
  expect(getEventListeners(source.signal, 'abort')).toHaveLength(100);
  for (const { unlink } of links) unlink();
  expect(getEventListeners(source.signal, 'abort')).toHaveLength(0);
  source.abort();
  expect(links[0]?.signal.aborted).toBe(false);
});

test('asked for only after its call, it is linked to nothing', () => {
  const source = new AbortController();
  const link = linkSignal([source.signal]);
  link.unlink();
  expect(link.signal.aborted).toBe(false);
  expect(getEventListeners(source.signal, 'abort')).toHaveLength(0);
});
