// The limit of reading: XREAD and JSON.parse, or a bare SUBSCRIBE.
import { Redis } from 'ioredis';
import { BARE_LOG } from '../kit/bare-script.ts';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

const BATCH = 500;
let redis: Redis;

serveDuties({
  async connect({ url }: { url: string }) {
    redis = new Redis(url);
    await redis.ping();
  },

  /** Reads the log from its beginning until so many have been parsed; the times of start and end. */
  async count({ count, log = BARE_LOG, field = 3 }: { count: number; log?: string; field?: number }) {
    const startedMs = sharedNowMs();
    let place = '0-0';
    for (let seen = 0; seen < count; ) {
      const streams = await redis.xread('COUNT', BATCH, 'BLOCK', 1_000, 'STREAMS', log, place);
      for (const [id, fields] of (streams?.[0]?.[1] ?? []) as [string, string[]][]) {
        JSON.parse(fields[field] as string);
        place = id;
        seen += 1;
      }
    }
    return { startedMs, endedMs: sharedNowMs() };
  },

  async subscribe() {
    await redis.subscribe('mad.topic.bench');
  },
  async delays({ count }: { count: number }): Promise<number[]> {
    const delays: number[] = [];
    return new Promise((resolve) => {
      redis.on('message', (_channel: string, text: string) => {
        delays.push(sharedNowMs() - Number(text));
        if (delays.length === count) resolve(delays);
      });
    });
  },
});
