import { expect, test } from 'vitest';
import { createEventNotifier } from './event-notifier.ts';

test('a reader is woken by its task alone', async () => {
  const notifier = createEventNotifier();
  let woken = false;
  const waiting = notifier.next(1, {}).then(() => {
    woken = true;
  });
  notifier.notify(2);
  await Promise.resolve();
  expect(woken).toBe(false);
  notifier.notify(1);
  await waiting;
  expect(woken).toBe(true);
});

test('all readers of a task are woken at once', async () => {
  const notifier = createEventNotifier();
  const waiting = [notifier.next(1, {}), notifier.next(1, {}), notifier.next(1, { timeoutMs: 60_000 })];
  notifier.notify(1);
  await Promise.all(waiting);
});

test('a wait ends with its time, its signal, or the notifier', async () => {
  const notifier = createEventNotifier();
  await notifier.next(1, { timeoutMs: 1 });
  await notifier.next(1, { timeoutMs: 0 });
  await notifier.next(1, { signal: AbortSignal.abort() });
  const gone = new AbortController();
  const aborted = notifier.next(1, { signal: gone.signal });
  gone.abort();
  await aborted;
  const closed = notifier.next(1, {});
  notifier.close();
  await closed;
  await notifier.next(1, {});
  expect(notifier.closed()).toBe(true);
});
