import { Redis, type RedisOptions } from 'ioredis';
import { describeRedisError } from './redis-errors.ts';
import type { LogScripts } from './redis-scripts.ts';
import { WakeUp } from './wake-up.ts';

/** How often an idle connection is asked whether it lives, in milliseconds. */
const PING_INTERVAL_MS = 2_000;
/** A connection that answers nothing for so long is dead, in milliseconds; longer than any XREAD blocks. */
const SILENCE_MS = 4_000;
const CONNECT_TIMEOUT_MS = 3_000;
const MAX_BACKOFF_MS = 2_000;

/** A client with our scripts as commands. */
export type ScriptedRedis = Redis & {
  appendAndPublish(log: string, head: string, ...args: (string | number)[]): Promise<string[]>;
  logHead(log: string, head: string, epoch: string): Promise<[epoch: string, oldest: string, last: string]>;
};

export interface ConnectionListener {
  ready?(): void;
  /** The connection is gone, or an attempt failed. What was sent and not answered is in doubt. */
  lost?(error: Error): void;
}

/**
 * One socket to Redis that comes back by itself. Nothing is queued or sent again behind the caller's
 * back: a command fails with its connection, and the caller, who knows what may be repeated, decides.
 */
export class RedisConnection {
  readonly redis: ScriptedRedis;
  readonly #listeners = new Set<ConnectionListener>();
  readonly #changed = new WakeUp();
  #pings: NodeJS.Timeout | undefined;
  #error: Error | undefined;
  #closed = false;

  constructor(url: string, name: string, scripts: LogScripts, onEnd: () => void) {
    const options = {
      connectionName: `mad-${name}`,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      // The timer of a goodbye, which is not waited for.
      disconnectTimeout: 1,
      retryStrategy: backoffMs,
      scripts: {
        appendAndPublish: { lua: scripts.publish, numberOfKeys: 2 },
        logHead: { lua: scripts.head, numberOfKeys: 2 },
      },
    } satisfies RedisOptions;
    this.redis = new Redis(url, options) as ScriptedRedis;
    // A `close` follows each error; it tells of both.
    this.redis.on('error', (error) => {
      this.#error = error;
    });
    this.redis.on('close', () => {
      this.#error ??= new Error('the connection was closed');
      const error = this.#error;
      this.#tell((listener) => listener.lost?.(error));
    });
    this.redis.on('end', onEnd);
    this.redis.on('ready', () => {
      this.#error = undefined;
      this.#tell((listener) => listener.ready?.());
    });
  }

  get ready(): boolean {
    return this.redis.status === 'ready';
  }

  /** Why it is away, in a few words. */
  get reason(): string {
    return describeRedisError(this.#error);
  }

  /** Begins to connect and goes on trying. */
  start(): void {
    if (this.#pings || this.#closed) return;
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS);
    // The same failure comes as an `error` event, and the next attempt follows by itself.
    this.redis.connect().catch(noted);
  }

  listen(listener: ConnectionListener): void {
    this.#listeners.add(listener);
  }

  /** Drops the socket; a new one follows. For one that is not what it should be. */
  reconnect(): void {
    if (this.ready) this.redis.stream.destroy();
  }

  /** Resolves when it is ready, or the time is over, or the signal aborts. */
  async waitUntilReady(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const endMs = performance.now() + timeoutMs;
    while (!this.ready && !this.#closed && !signal?.aborted) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) break;
      await this.#changed.wait(leftMs, signal);
    }
    return this.ready;
  }

  /** Closes the socket at once, whatever is under way on it. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#pings);
    this.#changed.wake();
    const { status } = this.redis;
    if (status === 'end') return;
    const ended = new Promise<void>((resolve) => this.redis.once('end', () => resolve()));
    this.redis.disconnect();
    // `disconnect` only says goodbye; a half-dead server would keep the process alive.
    this.redis.stream?.destroy();
    // Between two attempts there is no socket whose end could be told of.
    if (status === 'reconnecting') this.redis.emit('end');
    await ended;
  }

  #ping(): void {
    // Without an answer the socket's silence ends the connection, and that is told as such.
    if (this.ready) this.redis.ping().catch(noted);
  }

  #tell(call: (listener: ConnectionListener) => void): void {
    for (const listener of [...this.#listeners]) call(listener);
    this.#changed.wake();
  }
}

/** 50 ms, doubled each time up to 2 s, of which half is left to chance. */
function backoffMs(attempt: number): number {
  const fullMs = Math.min(MAX_BACKOFF_MS, 50 * 2 ** Math.min(attempt - 1, 10));
  return fullMs * (0.5 + Math.random() / 2);
}

/** For a failure that another event tells of. */
const noted = (): void => undefined;
