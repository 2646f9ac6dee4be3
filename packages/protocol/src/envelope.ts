import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { PositionSchema } from './position.ts';

/** Largest serialized envelope that the bus takes, in bytes. */
export const MAX_ENVELOPE_BYTES = 256 * 1024;

/**
 * Facts beside a message, for machines.
 * - `traceparent`: W3C trace context.
 * - `owner`: name of the only caller, beside `admin`s, that may read this message through a gateway.
 * - `caller`, `scopes`: on whose behalf a tool is called over the bus; scopes separated by spaces.
 * - `in_reply_to`: `message_id` of the request that a tool's reply answers.
 */
export const HeadersSchema = z.record(z.string(), z.string());
export type Headers = z.infer<typeof HeadersSchema>;

/** The message on every channel. `position` is set by the bus and absent before that. */
export const EnvelopeSchema = z.object({
  message_id: z.string().min(1),
  conversation_id: z.string().min(1),
  correlation_id: z.string().min(1),
  timestamp: z.string().min(1).describe('ISO 8601, UTC'),
  sender_id: z.string().min(1),
  recipient_id: z.string().nullable(),
  channel: z.string().min(1),
  payload: z.record(z.string(), z.unknown()),
  position: PositionSchema.optional(),
  headers: HeadersSchema.optional(),
});
export type Envelope = z.infer<typeof EnvelopeSchema>;

export interface EnvelopeDraft {
  readonly channel: string;
  readonly senderId: string;
  readonly payload: Record<string, unknown>;
  readonly recipientId?: string | null | undefined;
  readonly messageId?: string | undefined;
  readonly conversationId?: string | null | undefined;
  readonly correlationId?: string | null | undefined;
  readonly timestamp?: string | undefined;
  readonly headers?: Headers | undefined;
}

/** An envelope from its draft: what is left out is a new UUID, or the time now. */
export function createEnvelope(draft: EnvelopeDraft): Envelope {
  return {
    message_id: draft.messageId ?? randomUUID(),
    conversation_id: draft.conversationId ?? randomUUID(),
    correlation_id: draft.correlationId ?? randomUUID(),
    timestamp: draft.timestamp ?? new Date().toISOString(),
    sender_id: draft.senderId,
    recipient_id: draft.recipientId ?? null,
    channel: draft.channel,
    payload: draft.payload,
    ...(draft.headers === undefined ? {} : { headers: draft.headers }),
  };
}

/** Stands for the sender of a message that names none. It is counted, and is no MAD. */
export const UNKNOWN_SENDER = 'unknown';
