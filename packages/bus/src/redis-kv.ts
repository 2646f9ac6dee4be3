import type { KeyValueStore } from './bus.ts';
import { runCommand } from './commands.ts';
import type { RedisConnection } from './redis-connection.ts';

/** Values under keys of their own, ended by Redis. */
export function createRedisKv(
  connection: RedisConnection,
  keyOf: (key: string) => string,
  signal: AbortSignal,
): KeyValueStore {
  return {
    get: (key) => runCommand(connection, (redis) => redis.get(keyOf(key)), { signal }),
    async set(key, value, ttlMs) {
      const ttl = Math.max(1, Math.round(ttlMs));
      await runCommand(connection, (redis) => redis.set(keyOf(key), value, 'PX', ttl), { signal });
    },
    async delete(key) {
      await runCommand(connection, (redis) => redis.del(keyOf(key)), { signal });
    },
  };
}
