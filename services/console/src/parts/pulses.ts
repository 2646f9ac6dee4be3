import { type Entry, type Kind, senderOf } from '../state/entries.ts';

/** Messages that go the same way at the same time. */
export interface Pulse {
  readonly from: string;
  /** Who is spoken to; null where it is for whoever listens. */
  readonly to: string | null;
  readonly kind: Kind;
  readonly weight: number;
}

/** The ways that messages take, each once. */
export function pulsesOf(entries: readonly Entry[]): Pulse[] {
  const pulses = new Map<string, Pulse>();
  for (const entry of entries) {
    const from = senderOf(entry);
    if (from === null || entry.type === 'gap') continue;
    const { kind } = entry;
    const to = entry.type === 'message' && kind === 'direct' ? recipientOf(entry.message) : null;
    const key = `${from}\n${to}\n${kind}`;
    const weight = (pulses.get(key)?.weight ?? 0) + 1;
    pulses.set(key, { from, to, kind, weight });
  }
  return [...pulses.values()];
}

const recipientOf = (message: { recipient_id: string | null; channel: string }): string =>
  message.recipient_id ?? message.channel.slice('mad.direct.'.length);
