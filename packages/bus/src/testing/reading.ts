import { createEnvelope, type Envelope } from '@mad-group/protocol';
import type { Bus, LogItem, ReadOptions } from '../bus.ts';

/** An envelope whose payload is `{ text }`. */
export const message = (
  text: string,
  { sender = 'tester', channel = 'mad.topic.test' }: { sender?: string; channel?: string } = {},
): Envelope => createEnvelope({ channel, senderId: sender, payload: { text } });

/** Reads every channel until so many items have come. */
export async function collect(
  bus: Bus,
  options: Pick<ReadOptions, 'from'> & Partial<ReadOptions>,
  count: number,
): Promise<LogItem[]> {
  const stop = new AbortController();
  const items: LogItem[] = [];
  for await (const batch of bus.read({ patterns: () => ['mad.#'], signal: stop.signal, ...options })) {
    items.push(...batch.items);
    if (items.length >= count) break;
  }
  return items;
}
