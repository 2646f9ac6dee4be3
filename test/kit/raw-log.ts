import type { Envelope } from '@mad-group/protocol';
import type { Redis } from 'ioredis';

/** The group's log in Redis. */
export const RAW_LOG = '{mad}:log';

export interface RawLogEntry {
  readonly place: string;
  readonly position: string;
  readonly channel: string;
  readonly envelope: Envelope;
}

/** Entries of the log from a place on (`(` before it leaves it out), by XRANGE and nothing of ours. */
export async function readRawLog(redis: Redis, from = '-', limit = 10_000_000): Promise<RawLogEntry[]> {
  const entries = await redis.xrange(RAW_LOG, from, '+', 'COUNT', limit);
  return entries.map(([place, [, channel, epoch, envelope]]) => ({
    place,
    position: `${epoch}:${place}`,
    channel: channel as string,
    envelope: JSON.parse(envelope as string) as Envelope,
  }));
}
