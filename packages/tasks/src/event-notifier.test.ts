import { expect, test } from 'vitest';
import { createEventNotifier } from './event-notifier.ts';

/** Whether a wait has ended, told from now on. */
function watch(wait: Promise<void>): { readonly ended: boolean; readonly wait: Promise<void> } {
  const watched = { ended: false, wait };
  watched.wait = wait.then(() => {
    watched.ended = true;
  });
  return watched;
}

/** What has resolved has told so by now. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

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
  const waits = [{}, {}, { timeoutMs: 60_000 }].map((options) => watch(notifier.next(1, options)));
  await settled();
  expect(waits.map(({ ended }) => ended)).toEqual([false, false, false]);
  notifier.notify(1);
  await settled();
  expect(waits.map(({ ended }) => ended)).toEqual([true, true, true]);
});

test('a wait ends with its time, its signal, or the notifier', async () => {
  const notifier = createEventNotifier();
  const timed = watch(notifier.next(1, { timeoutMs: 20 }));
  await settled();
  expect(timed.ended).toBe(false);
  await timed.wait;
  await notifier.next(1, { timeoutMs: 0 });
  await notifier.next(1, { signal: AbortSignal.abort() });
  const gone = new AbortController();
  const aborted = watch(notifier.next(1, { signal: gone.signal }));
  const closed = watch(notifier.next(1, {}));
  await settled();
  expect(aborted.ended).toBe(false);
  gone.abort();
  await aborted.wait;
  expect(closed.ended).toBe(false);
  notifier.close();
  await closed.wait;
  await notifier.next(1, {});
  expect(notifier.closed()).toBe(true);
});
