import type { ConsoleFrame, ConsoleMessage } from '@mad-group/protocol';

/** What a channel is for; the same words as Rogers' topic patterns. */
export const KINDS = ['direct', 'topic', 'stream', 'system', 'other'] as const;
export type Kind = (typeof KINDS)[number];

interface EntryBase {
  /** Grows by one with each entry of this page: a key, and an order. */
  readonly id: number;
  /** When the log took it, in milliseconds since 1970. */
  readonly timeMs: number;
  readonly position: string;
}

/** A message as the page keeps it. */
export interface MessageEntry extends EntryBase {
  readonly type: 'message';
  readonly kind: Kind;
  readonly message: ConsoleMessage;
}

/** A message of another caller: that there was one. */
interface WithheldEntry extends EntryBase {
  readonly type: 'withheld';
  readonly kind: Kind;
  readonly senderId: string;
}

/** A piece of the log that is gone. */
export interface GapEntry extends EntryBase {
  readonly type: 'gap';
  readonly reason: 'trimmed' | 'epoch';
  /** How many messages are gone; null where nobody can know. */
  readonly missing: number | null;
}

export type Entry = MessageEntry | WithheldEntry | GapEntry;

/** Time of a position, in milliseconds since 1970: `{epoch}:{ms}-{number}`. */
const timeOf = (position: string): number => {
  const start = position.lastIndexOf(':') + 1;
  return Number(position.slice(start, position.indexOf('-', start)));
};

const numberOf = (position: string): number => Number(position.slice(position.lastIndexOf('-') + 1));

export function kindOf(channel: string): Kind {
  const part = channel.split('.', 2)[1];
  return KINDS.find((kind) => kind === part) ?? 'other';
}

/** The entry that a frame stands for, or null where it is none. */
export function toEntry(frame: ConsoleFrame, id: number): Entry | null {
  if (frame.type === 'message') {
    const { message } = frame;
    const { position, channel } = message;
    return { type: 'message', id, position, timeMs: timeOf(position), kind: kindOf(channel), message };
  }
  if (frame.type === 'withheld') {
    const { position, sender_id: senderId, topic_pattern: pattern } = frame;
    return { type: 'withheld', id, position, timeMs: timeOf(position), kind: kindOf(pattern), senderId };
  }
  if (frame.type !== 'gap') return null;
  const { reason, from, to } = frame;
  const missing = reason === 'trimmed' ? Math.max(0, numberOf(to) - numberOf(from) - 1) : null;
  return { type: 'gap', id, position: to, timeMs: timeOf(to), reason, missing };
}

/** Who sent it; null for a gap. */
export const senderOf = (entry: Entry): string | null => {
  if (entry.type === 'message') return entry.message.sender_id;
  return entry.type === 'withheld' ? entry.senderId : null;
};

/** What it goes to: `@fiedler` for who is spoken to, else the kind of the channel, with a topic's name. */
export function targetOf(entry: Entry): string {
  if (entry.type !== 'message') return entry.type === 'withheld' ? entry.kind : '';
  const { channel, recipient_id: recipient } = entry.message;
  if (entry.kind === 'direct') return `@${recipient ?? channel.slice('mad.direct.'.length)}`;
  return entry.kind === 'topic' ? channel.slice('mad.'.length) : entry.kind;
}
