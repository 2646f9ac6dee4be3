// The limit of reading: XREAD and JSON.parse, or a bare SUBSCRIBE.
import { Redis } from 'ioredis';
import { BARE_LOG } from '../kit/bare-script.ts';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

const BATCH = 500;
let redis: Redis;
let following: Promise<{ endedMs: number; delaysMs: number[] }>;

serveDuties({
  async connect({ url }: { url: string }) {
    redis = new Redis(url);
    await redis.ping();
  },

  /** Reads the log from its beginning; `result` has the time when so many had been parsed. */
  follow({ count, log = BARE_LOG }: { count: number; log?: string }) {
    following = (async () => {
      let place = '0-0';
      for (let seen = 0; seen < count; ) {
        const streams = await redis.xread('COUNT', BATCH, 'BLOCK', 1_000, 'STREAMS', log, place);
        for (const [id, fields] of (streams?.[0]?.[1] ?? []) as [string, string[]][]) {
          JSON.parse(fields[3] as string);
          place = id;
          seen += 1;
        }
      }
      return { endedMs: sharedNowMs(), delaysMs: [] };
    })();
  },

  /** As `follow`, over the live channel: messages are the times at which they were sent. */
  async subscribe({ count }: { count: number }) {
    const done = Promise.withResolvers<{ endedMs: number; delaysMs: number[] }>();
    const delaysMs: number[] = [];
    redis.on('message', (_channel: string, text: string) => {
      delaysMs.push(sharedNowMs() - Number(text));
      if (delaysMs.length === count) done.resolve({ endedMs: sharedNowMs(), delaysMs });
    });
    following = done.promise;
    await redis.subscribe('mad.topic.bench');
  },
  result: () => following,
});
