import type { LogItem } from '@mad-group/bus';
import {
  type Caller,
  CONSOLE_PAYLOAD_CHARS,
  type ConsoleFrame,
  type ConsoleMessage,
  mayRead,
  topicPattern,
  withoutInternalHeaders,
} from '@mad-group/protocol';

/** Of a payload that is too large, so many characters. */
const EXCERPT_CHARS = 512;

/** An item of the log as this caller may see it. */
export function frameOf(item: LogItem, caller: Caller): ConsoleFrame {
  if (item.kind === 'gap') return { type: 'gap', reason: item.reason, from: item.from, to: item.to };
  const { position, sender_id, channel } = item.envelope;
  if (!mayRead(caller, item.envelope)) {
    return { type: 'withheld', position, sender_id, topic_pattern: topicPattern(channel) };
  }
  const message = shortened(withoutInternalHeaders(item.envelope));
  return { type: 'message', message: item.foreign ? { ...message, foreign: true } : message };
}

function shortened(envelope: Omit<ConsoleMessage, 'payload'> & { payload: Record<string, unknown> }) {
  const json = JSON.stringify(envelope.payload);
  if (json.length <= CONSOLE_PAYLOAD_CHARS) return envelope;
  return { ...envelope, payload: null, excerpt: json.slice(0, EXCERPT_CHARS) };
}
