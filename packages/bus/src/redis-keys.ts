/** Where the bus keeps what it keeps. */
export interface RedisKeys {
  readonly log: string;
  readonly head: string;
  readonly kv: (key: string) => string;
  /** Newest generation of calls of one publisher. Ends by itself. */
  readonly fence: (publisher: string) => string;
  /** A stream of one entry, and a channel, that one process hears itself on. Ends by itself. */
  readonly loopback: (publisher: string) => string;
}

/** The braces are a hash tag: all keys share one slot of a cluster, as the script needs it. */
export const DEFAULT_KEY_PREFIX = '{mad}:';

export const redisKeys = (prefix: string): RedisKeys => ({
  log: `${prefix}log`,
  head: `${prefix}log:head`,
  kv: (key) => `${prefix}kv:${key}`,
  fence: (publisher) => `${prefix}fence:${publisher}`,
  loopback: (publisher) => `${prefix}loopback:${publisher}`,
});
