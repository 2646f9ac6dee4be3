/** Where the bus keeps what it keeps. */
export interface RedisKeys {
  readonly log: string;
  readonly head: string;
  readonly kv: (key: string) => string;
}

/** The braces are a hash tag: all keys share one slot of a cluster, as the script needs it. */
export const DEFAULT_KEY_PREFIX = '{mad}:';

export const redisKeys = (prefix: string): RedisKeys => ({
  log: `${prefix}log`,
  head: `${prefix}log:head`,
  kv: (key) => `${prefix}kv:${key}`,
});
