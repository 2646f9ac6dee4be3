import { EnvelopeSchema, formatPosition } from '@mad-group/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foreignEnvelope, isPositioned } from './foreign-envelope.ts';

test('whatever is published becomes a valid envelope', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.object().map((value) => JSON.stringify(value)),
      ),
      (text) => {
        const envelope = foreignEnvelope('mad.topic.a', text)?.envelope;
        expect(EnvelopeSchema.safeParse(envelope).error).toBeUndefined();
        expect(envelope?.channel).toBe('mad.topic.a');
      },
    ),
  );
});

test('fields of the wrong type are filled as if they were absent', () => {
  const text =
    '{"message_id":7,"sender_id":"","recipient_id":[],"timestamp":null,"payload":{"a":1},"__proto__":{"x":1}}';
  const { envelope, hasOwnId } = foreignEnvelope('mad.direct.b', text) ?? {};
  expect(envelope).toMatchObject({ sender_id: 'unknown', recipient_id: null, payload: { a: 1 } });
  expect(EnvelopeSchema.safeParse(envelope).success).toBe(true);
  expect(hasOwnId).toBe(false);
  expect(foreignEnvelope('mad.direct.b', '{"message_id":"its own"}')).toMatchObject({
    envelope: { message_id: 'its own' },
    hasOwnId: true,
  });
});

test('nesting past the parser’s stack is text', () => {
  const text = '['.repeat(1_000_000);
  expect(foreignEnvelope('mad.topic.a', text)?.envelope.payload).toEqual({ raw: text });
});

test('only a position of its own makes a message ours', () => {
  const position = formatPosition({ epoch: 'e', place: '1-1' });
  expect(isPositioned(`{"payload":{},"position":"${position}"}`)).toBe(true);
  expect(isPositioned(`{"payload":{"a":1,"position":"${position}"}}`)).toBe(false);
  expect(foreignEnvelope('mad.topic.a', `{"position":"${position}","payload":{}}`)).toBeUndefined();
  expect(foreignEnvelope('mad.topic.a', `{"payload":{"position":"${position}"}}`)).toBeDefined();
});

test('a channel that is none of ours is left alone', () => {
  expect(foreignEnvelope('mad.with space', '{}')).toBeUndefined();
});
