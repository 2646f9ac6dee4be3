import { createEnvelope, type Position } from '@mad-group/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClientQueue, QUEUE_LENGTH } from './client-queue.ts';
import { MessagePool, SharedMessage } from './shared-message.ts';

const message = (n: number, text = '') => {
  const envelope = createEnvelope({ channel: 'mad.topic.a', senderId: 's', payload: { n, text } });
  return new SharedMessage({ ...envelope, position: `e:${n}-0` as Position });
};
const numbersOf = (messages: readonly SharedMessage[]) =>
  messages.map((message) => message.parse()?.payload.n);

describe('ClientQueue', () => {
  test('delivered and dropped are all that came, in order, for any interleaving of messages and polls', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 150 }), fc.constant('poll' as const)), {
      maxLength: 12,
    });
    const poolBytes = fc.constantFrom(1_000_000, 20_000, 3_000);
    fc.assert(
      fc.property(steps, poolBytes, (actions, maxBytes) => {
        let counted = 0;
        const pool = new MessagePool(maxBytes, (queues) => {
          counted += queues;
        });
        const queue = new ClientQueue(pool);
        let put = 0;
        let known = 0;
        let lost = 0;
        for (const action of [...actions, 'poll' as const]) {
          if (action === 'poll') {
            const { messages, dropped } = queue.take(Number.POSITIVE_INFINITY);
            // What was dropped came before what was kept, and what was kept is the newest.
            const expected = Array.from(
              { length: put - known - dropped },
              (_, index) => known + dropped + index,
            );
            expect(numbersOf(messages)).toEqual(expected);
            known = put;
            lost += dropped;
            // Once each, as they are lost and not only as the client is told.
            expect(counted).toBe(lost);
          } else {
            for (let n = 0; n < action; n += 1) if (queue.put(message(put++))) counted += 1;
          }
          expect(queue.length).toBeLessThanOrEqual(QUEUE_LENGTH);
          expect(pool.bytes).toBeLessThanOrEqual(maxBytes);
        }
        expect(pool.bytes).toBe(0);
      }),
    );
  });

  test('a reply of bounded size leaves the rest for the next one', () => {
    const queue = new ClientQueue(new MessagePool());
    for (let n = 0; n < 5; n += 1) queue.put(message(n, 'x'.repeat(1000)));
    const { bytes } = message(0, 'x'.repeat(1000));
    expect(numbersOf(queue.take(bytes * 2.5).messages)).toEqual([0, 1]);
    expect(numbersOf(queue.take(1).messages)).toEqual([2]);
    expect(numbersOf(queue.take(1_000_000).messages)).toEqual([3, 4]);
  });
});

describe('MessagePool', () => {
  test('a message that it lets go of leaves no text behind in the queues that held it', () => {
    const messages = Array.from({ length: 200 }, (_, n) => message(n, 'x'.repeat(1000)));
    const pool = new MessagePool((messages[0] as SharedMessage).bytes * 10.5);
    const queues = [new ClientQueue(pool), new ClientQueue(pool)];
    // Made before, as where a message went out over a socket and waits for another.
    for (const [n, one] of messages.entries()) {
      expect(one.frame).toContain(`"n":${n},`);
      queues[n % 2]?.put(one);
    }
    const held = messages.filter(({ frame }) => frame !== null);
    expect(held).toEqual(messages.slice(-10));
    expect(messages.filter((one) => one.parse() !== null)).toEqual(held);
    expect(held.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(pool.bytes);
  });

  test('counts a message that many queues hold once, and lets go of the oldest of all queues', () => {
    const shared = message(0, 'x'.repeat(1000));
    const pool = new MessagePool(shared.bytes * 2);
    const queues = Array.from({ length: 50 }, () => new ClientQueue(pool));
    for (const queue of queues) queue.put(shared);
    expect(pool.bytes).toBe(shared.bytes);
    queues[0]?.put(message(1, 'x'.repeat(1000)));
    queues[0]?.put(message(2, 'x'.repeat(1000)));
    expect(queues[0]?.take(1_000_000)).toMatchObject({ dropped: 1, messages: [{}, {}] });
    expect(queues[1]?.take(1_000_000)).toEqual({ dropped: 1, messages: [] });
  });
});
