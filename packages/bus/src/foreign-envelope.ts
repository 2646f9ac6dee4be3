import {
  createEnvelope,
  type Envelope,
  isChannel,
  PositionSchema,
  UNKNOWN_SENDER,
} from '@mad-group/protocol';

/** The end of every envelope that our script publishes. */
const OUR_END = /,"position":"[A-Za-z0-9-]{1,64}:\d{1,16}-\d{1,16}"\}$/;
/** Longer than the longest such end, in characters. */
const END_LENGTH = 128;

/** Whether a text from a channel is in the log already. Most are, so that nothing is parsed here. */
export const isPositioned = (text: string): boolean => OUR_END.test(text.slice(-END_LENGTH));

export interface ForeignEnvelope {
  readonly envelope: Envelope;
  /** It came with its message id; otherwise that was made here. */
  readonly hasOwnId: boolean;
}

/**
 * An envelope for what a first-generation client, or any other, published without the log. What it
 * lacks is filled in; its channel is the one it came on. Headers are left behind: they say on whose
 * behalf a message is sent, and here nobody has checked that.
 *
 * Undefined where nothing is to be taken up: it carries a position, or the channel is none of ours.
 */
export function foreignEnvelope(channel: string, text: string): ForeignEnvelope | undefined {
  if (!isChannel(channel)) return undefined;
  const value = parseJson(text);
  if (!isObject(value)) {
    const envelope = createEnvelope({ channel, senderId: UNKNOWN_SENDER, payload: { raw: value } });
    return { envelope, hasOwnId: false };
  }
  if (PositionSchema.safeParse(value.position).success) return undefined;
  const { payload } = value;
  const messageId = textOf(value.message_id);
  const envelope = createEnvelope({
    channel,
    messageId,
    conversationId: textOf(value.conversation_id),
    correlationId: textOf(value.correlation_id),
    timestamp: textOf(value.timestamp),
    senderId: textOf(value.sender_id) ?? UNKNOWN_SENDER,
    recipientId: textOf(value.recipient_id),
    // An object without a payload is no envelope at all, so it is kept whole.
    payload: isObject(payload) ? payload : { raw: payload === undefined ? value : payload },
  });
  return { envelope, hasOwnId: messageId !== undefined };
}

/** The JSON value, or the text itself where it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // Nesting past the parser's stack is a RangeError; to us it is text.
    if (error instanceof SyntaxError || error instanceof RangeError) return text;
    throw error;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
