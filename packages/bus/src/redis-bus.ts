import { randomUUID } from 'node:crypto';
import { type Envelope, type Logger, type Position, systemClock } from '@mad-group/protocol';
import { adoptForeign } from './adopt-foreign.ts';
import { AwayLog } from './away-log.ts';
import type { Bus, PublishOptions } from './bus.ts';
import { BusState } from './bus-state.ts';
import { runCommand } from './commands.ts';
import { findPlaceInLog } from './find-place.ts';
import { LogBounds } from './log-bounds.ts';
import type { LogLimits } from './log-limits.ts';
import { Loopback } from './loopback.ts';
import { Publisher } from './publisher.ts';
import { DEFAULT_TIMEOUT_MS, LOOK_BACK_ENTRIES, LOOK_BACK_SKEW_MS } from './read-defaults.ts';
import { readLog, readLogOnce } from './read-log.ts';
import { RedisConnection } from './redis-connection.ts';
import { describeRedisError } from './redis-errors.ts';
import { DEFAULT_KEY_PREFIX, redisKeys } from './redis-keys.ts';
import { createRedisKv } from './redis-kv.ts';
import { loadLogScripts } from './redis-scripts.ts';
import { failsOver, redisAt } from './redis-url.ts';
import { serializeEnvelope } from './serialize-envelope.ts';

export interface RedisBusOptions {
  /** `redis://user:password@host:port/db`, `rediss://` for TLS, or `redis-sentinel://host:port,…#NAME`. */
  readonly url: string;
  /** Wins over a password in the URL. */
  readonly password?: string | undefined;
  readonly log: Logger;
  readonly limits: LogLimits;
  /** Before every key. Default `{mad}:`. */
  readonly keyPrefix?: string;
}

/**
 * A bus over Redis 7: one connection for publishing and short commands, one for each reader, one for
 * reads that do not wait, one for taking up foreign messages.
 *
 * @throws TypeError where the URL is none
 */
export function createRedisBus({ url, password, log, limits, keyPrefix }: RedisBusOptions): Bus {
  const open = redisAt(url, password);
  const scripts = loadLogScripts({ failsOver: failsOver(url) });
  const keys = redisKeys(keyPrefix ?? DEFAULT_KEY_PREFIX);
  const connections = new Set<RedisConnection>();
  const connect = (name: string): RedisConnection => {
    const connection = new RedisConnection(open, name, scripts, () => connections.delete(connection));
    connections.add(connection);
    return connection;
  };

  const connection = connect('bus');
  const id = randomUUID();
  const publisher = new Publisher({
    connection,
    keys,
    bounds: new LogBounds(connection, keys.log, limits, log),
    script: scripts.publish,
    id,
  });
  const state = new BusState(systemClock);
  const publishing = state.part('not started');
  const loopback = new Loopback({
    key: keys.loopback(id),
    send: (number, timeoutMs) =>
      publisher.publish({
        kind: 'loopback',
        channel: '',
        json: String(number),
        lookBack: 0,
        timeoutMs,
      }),
    rebuild: (reason) => connection.reconnect(reason),
    reason: () => publisher.refusal ?? connection.reason,
    part: publishing,
  });
  const away = new AwayLog(log);
  const stopped = new AbortController();
  const untilStopped = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, stopped.signal]);

  connection.listen({
    ready: () => {
      away.end();
      // It is here when it has taken this.
      loopback.say();
    },
    lost: (error) => {
      if (stopped.signal.aborted) return;
      away.away(error);
      publishing.away(describeRedisError(error));
    },
  });

  /** For reads that somebody polls: a large answer on the publishing socket would hold up what goes out. */
  let polls: RedisConnection | undefined;
  function pollConnection(): RedisConnection {
    // A stopped bus opens nothing, and this one is closed.
    if (stopped.signal.aborted) return connection;
    polls ??= connect('polls');
    polls.start();
    return polls;
  }

  async function publish(envelope: Envelope, options: PublishOptions): Promise<Position> {
    const position = await publisher.publish({
      channel: envelope.channel,
      json: serializeEnvelope(envelope),
      kind: 'message',
      ...(options.retry ? lookBackFor(envelope) : { lookBack: 0 }),
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    });
    // Nothing shows it better.
    publishing.here();
    return position;
  }

  return {
    kind: 'redis',
    kv: createRedisKv(connection, keys.kv, stopped.signal),
    async start() {
      if (stopped.signal.aborted) return;
      connection.start();
      loopback.start();
    },
    async stop() {
      stopped.abort();
      away.end();
      loopback.stop();
      publisher.stop();
      publishing.away('stopped');
      await Promise.all([...connections].map((each) => each.close()));
    },
    publish: (envelope, options = {}) => publish(envelope, options),
    read: (options) =>
      readLog(
        { keys, log, loopback, part: state.part(), connect: () => connect('reader') },
        { ...options, signal: untilStopped(options.signal) },
      ),
    readOnce: (options) =>
      runCommand(pollConnection(), (redis) => readLogOnce(redis, { keys, log }, options), {
        signal: stopped.signal,
      }),
    findPlace: (sought) =>
      runCommand(pollConnection(), (redis) => findPlaceInLog(redis, keys, sought), {
        signal: stopped.signal,
      }),
    adoptForeign: (signal) =>
      adoptForeign(
        { publisher, log, loopback, part: state.part(), connect: () => connect('foreign') },
        untilStopped(signal),
      ),
    head: () => publisher.head,
    status: () => state.current,
    onStatus: (listener) => state.subscribe(listener),
  };
}

/** How far back a message may stand in the log that is published again. */
function lookBackFor({ timestamp }: Envelope): { lookBack: number; lookBackTo: string } {
  const madeMs = Date.parse(timestamp);
  const lookBackTo = Number.isNaN(madeMs) ? '-' : `${Math.max(0, madeMs - LOOK_BACK_SKEW_MS)}-0`;
  return { lookBack: LOOK_BACK_ENTRIES, lookBackTo };
}
