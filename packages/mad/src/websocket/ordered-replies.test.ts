import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderedReplies } from './ordered-replies.ts';

test('frames leave in the order of their places, in whichever order they are ready', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 50 }).chain((count) => {
        const places = Array.from({ length: count }, (_, place) => place);
        return fc.shuffledSubarray(places, { minLength: count, maxLength: count });
      }),
      (readiness) => {
        const sent: string[] = [];
        const replies = orderedReplies((frame) => sent.push(frame));
        const give = readiness.map(() => replies.take());
        for (const place of readiness) {
          give[place]?.(String(place));
          expect(replies.size).toBe(readiness.length - sent.length);
        }
        expect(sent).toEqual(readiness.map((_, place) => String(place)));
      },
    ),
  );
});
