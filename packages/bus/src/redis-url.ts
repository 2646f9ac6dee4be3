import { Redis, type RedisOptions } from 'ioredis';

/** Makes a client of one Redis, with what else it should do. */
export type OpenRedis = (options: Omit<RedisOptions, 'replyMapping'>) => Redis;

/** `redis-sentinel://host:port,host:port#name`, as Lettuce writes it; `rediss-sentinel://` for TLS to Redis. */
const SENTINEL = /^redis(s?)-sentinel:\/\/([^/@#]+)(?:\/(\d+))?#(.+)$/;
const DEFAULT_SENTINEL_PORT = 26_379;

const WORDS =
  'REDIS_URL must be an address like redis://host:6379, rediss:// for TLS, or redis-sentinel://host:26379,host:26379#NAME.';

/** Whether a URL leads to Redis by way of Sentinel, which may promote a replica. */
export const failsOver = (url: string): boolean => SENTINEL.test(url);

/**
 * Makes clients of the Redis at a URL. A password given apart wins over one in the URL. It is
 * for Redis: Sentinel itself is asked without a password, and without TLS.
 *
 * @throws TypeError where it is no address of a Redis; without the address, which may hold a secret
 */
export function redisAt(url: string, password?: string): OpenRedis {
  const sentinel = SENTINEL.exec(url);
  if (sentinel) {
    const [, tls, hosts, db, name] = sentinel as unknown as [string, string, string, string?, string?];
    const address = {
      sentinels: hosts.split(',').map(sentinelAt),
      name: decodeURIComponent(name as string),
      ...(db === undefined ? {} : { db: Number(db) }),
      ...(password ? { password } : {}),
      // Without the second, ioredis would go to Redis in the clear.
      ...(tls ? { tls: {}, enableTLSForSentinelMode: true } : {}),
    } satisfies RedisOptions;
    return (options) => new Redis({ ...options, ...address });
  }
  if (!/^rediss?:\/\/./.test(url) || !URL.canParse(url)) throw new TypeError(WORDS);
  if (!password) return (options) => new Redis(url, options);
  const parsed = new URL(url);
  // The setter escapes what a URL cannot hold, but leaves a `%` that is meant as itself.
  parsed.password = encodeURIComponent(password);
  return (options) => new Redis(parsed.href, options);
}

function sentinelAt(address: string): { host: string; port: number } {
  if (!URL.canParse(`redis://${address}`)) throw new TypeError(WORDS);
  const { hostname, port } = new URL(`redis://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || DEFAULT_SENTINEL_PORT) };
}
