import { z } from 'zod';
import { EnvelopeSchema } from '../envelope.ts';
import { PositionSchema } from '../position.ts';
import {
  CorrelationId,
  flag,
  integer,
  jsonObject,
  optionalText,
  text,
  textList,
  time,
} from '../tool-input.ts';

const Success = z.literal('success');

export const SendMessageInput = z.object({
  channel: text(512).describe('e.g. mad.direct.fiedler or mad.topic.system_events'),
  payload: jsonObject().describe('the message itself; an empty object counts'),
  recipient_id: optionalText(256),
  conversation_id: optionalText(256),
  correlation_id: CorrelationId,
});
export const SendMessageOutput = z.object({
  status: Success,
  message_id: z.string(),
  position: PositionSchema.optional(),
});

export const SubscribeInput = z.object({
  client_id: text(256),
  topics: textList().describe('channels, prefixes with a trailing *, or mad.# for all'),
  push: flag().optional().describe('send messages over this WebSocket as they come'),
  after: PositionSchema.optional().describe('begin behind this position instead of now'),
  correlation_id: CorrelationId,
});
export const SubscribeOutput = z.object({
  status: Success,
  message: z.string(),
  position: PositionSchema.optional().describe('messages behind this one are delivered'),
});

export const UnsubscribeInput = z.object({
  client_id: text(256),
  topics: textList().optional().describe('all of the client’s where absent'),
  correlation_id: CorrelationId,
});
export const UnsubscribeOutput = z.object({ status: Success, message: z.string() });

export const PollMessagesInput = z.object({
  client_id: text(256),
  after: PositionSchema.optional().describe('read the log behind this position; loses nothing'),
  since: time()
    .optional()
    .describe('in place of after: read the log from this time on; with 1970, from its beginning'),
  limit: integer(1, 1000).optional().describe('with after or since: at most so many, 100 where absent'),
  wait_ms: integer(0, 30_000).optional().describe('wait so long for a first message, in ms'),
  correlation_id: CorrelationId,
});
/** A piece of the log that is gone; `from` is null where it began before what was asked for. */
export const GapSchema = z.object({
  reason: z.enum(['trimmed', 'epoch']),
  from: PositionSchema.nullable(),
  to: PositionSchema.nullable(),
});
export const PollMessagesOutput = z.object({
  status: Success,
  messages: z.array(EnvelopeSchema),
  dropped: z.number().int().describe('messages lost to the bound of the queue since the last poll'),
  position: PositionSchema.optional().describe('hand it back as `after`'),
  gaps: z.array(GapSchema).optional(),
  caught_up: z.boolean().optional().describe('with after or since: whether the log had nothing behind this'),
});
