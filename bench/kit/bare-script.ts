import { Redis } from 'ioredis';

/** The least that a publish into a log can be: one entry, one message, in one script. */
const BARE_SCRIPT = `
for i = 1, #ARGV, 2 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', 1000000, '*', 'channel', ARGV[i], 'envelope', ARGV[i + 1])
  redis.call('PUBLISH', ARGV[i], ARGV[i + 1])
end
return 1`;
export const BARE_LOG = 'bare-log';

export type BareRedis = Redis & {
  /** Channel and text of each message, in turn. */
  bare(log: string, ...messages: string[]): Promise<number>;
};

export const connectBare = (url: string, options: { enableAutoPipelining?: boolean } = {}): BareRedis =>
  new Redis(url, { ...options, scripts: { bare: { lua: BARE_SCRIPT, numberOfKeys: 1 } } }) as BareRedis;
