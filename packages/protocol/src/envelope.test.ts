import { expect, test } from 'vitest';
import { createEnvelope, EnvelopeSchema } from './envelope.ts';
import { MadError, toErrorReply } from './errors.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

test('an envelope has every field of the contract, made where it was not given', () => {
  const envelope = createEnvelope({ channel: 'mad.topic.x', senderId: 'me', payload: {} });
  expect(EnvelopeSchema.parse(envelope)).toEqual(envelope);
  expect(Object.keys(envelope)).toEqual([
    'message_id',
    'conversation_id',
    'correlation_id',
    'timestamp',
    'sender_id',
    'recipient_id',
    'channel',
    'payload',
  ]);
  for (const id of [envelope.message_id, envelope.conversation_id, envelope.correlation_id]) {
    expect(id).toMatch(UUID);
  }
  expect(new Date(envelope.timestamp).toISOString()).toBe(envelope.timestamp);
});

test('given ids go unchanged', () => {
  const given = { messageId: 'm', conversationId: 'c', correlationId: 'k' };
  const envelope = createEnvelope({ channel: 'mad.topic.x', senderId: 'me', payload: {}, ...given });
  expect([envelope.message_id, envelope.conversation_id, envelope.correlation_id]).toEqual(['m', 'c', 'k']);
});

test('only our own errors show their words', () => {
  expect(toErrorReply(new Error('secret path'))).toEqual({
    status: 'error',
    message: 'An internal error occurred.',
    code: 'internal',
  });
  expect(toErrorReply(new MadError('queue_full', 'Full.', { retryAfterMs: 500 }))).toEqual({
    status: 'error',
    message: 'Full.',
    code: 'queue_full',
    retry_after_ms: 500,
  });
});
