import { type Envelope, HEARTBEAT_CHANNEL } from '@mad-group/protocol';

/** What kind of message it is, and a few words of what it says. */
export interface MessageDescription {
  readonly kind: string;
  readonly text: string;
  /** Where it tells how something ended. */
  readonly mood?: 'good' | 'bad';
}

type Payload = Readonly<Record<string, unknown>>;

/** A message by its channel and payload; a payload of no known kind is shown as it is. */
export function describeMessage({ channel, payload, headers }: Envelope): MessageDescription {
  if (channel.startsWith('mad.stream.') && typeof payload.seq === 'number') return describeEvent(payload);
  if (channel === HEARTBEAT_CHANNEL && payload.type === 'heartbeat') {
    return { kind: 'heartbeat', text: textOf(payload.health) };
  }
  if (headers?.in_reply_to !== undefined) return describeReply(payload);
  if (typeof payload.tool_name === 'string') {
    return { kind: 'call', text: `${payload.tool_name} ${textOf(payload.tool_input ?? {})}` };
  }
  if (payload.notification_type === 'task_update') {
    const words = `${textOf(payload.status)} ${messageOf(payload.error) ?? textOf(payload.message)}`;
    return { kind: 'notice', text: words, ...moodOf(payload.status) };
  }
  return { kind: 'message', text: textOf(payload) };
}

function describeEvent(event: Payload): MessageDescription {
  const kind = textOf(event.type);
  if (event.truncated === true) return { kind, text: '(too large for the bus)' };
  switch (event.type) {
    case 'token':
      return { kind, text: textOf(event.token) };
    case 'state': {
      const words = messageOf(event.error);
      return { kind, text: [event.status, words].filter(Boolean).join(': '), ...moodOf(event.status) };
    }
    case 'attempt':
      return { kind, text: `${textOf(event.attempt)}: ${textOf(event.reason)}` };
    case 'tool_call':
      return { kind, text: `${textOf(event.name)} ${textOf(event.arguments)}` };
    case 'tool_result':
      return { kind, text: `${textOf(event.name)} ${textOf(event.content)}` };
    case 'plan':
      return { kind, text: textOf(event.note) };
    default:
      return { kind, text: textOf(event) };
  }
}

function describeReply(payload: Payload): MessageDescription {
  if (payload.status === 'error') return { kind: 'reply', text: textOf(payload.message), mood: 'bad' };
  return { kind: 'reply', text: textOf(payload) };
}

const ENDS: Readonly<Record<string, 'good' | 'bad'>> = {
  COMPLETED: 'good',
  FAILED: 'bad',
  CANCELLED: 'bad',
};

function moodOf(status: unknown): { mood?: 'good' | 'bad' } {
  const mood = typeof status === 'string' ? ENDS[status] : undefined;
  return mood === undefined ? {} : { mood };
}

function messageOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('message' in error)) return null;
  return textOf(error.message);
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
