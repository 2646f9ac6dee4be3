import type { Socket } from 'node:net';
import type { Redis } from 'ioredis';
import { describeRedisError, isSentinelError } from './redis-errors.ts';
import type { LogScripts } from './redis-scripts.ts';
import type { OpenRedis } from './redis-url.ts';
import { WakeUp } from './wake-up.ts';

/** How often a connection is looked at, in milliseconds. The limits below are in such looks. */
const LOOK_MS = 500;
/** How often a connection is asked whether it lives. */
const PING_LOOKS = 4;
/** A connection on which nothing arrives for so long is dead: 4 s, longer than any XREAD blocks. */
const SILENT_LOOKS = 8;
/** The same for one that is not ready yet: 2 s. */
const SILENT_START_LOOKS = 4;
const CONNECT_TIMEOUT_MS = 2_000;
/** Waiting and one attempt that hangs must fit in the 5 s in which a Redis that is back is used again. */
const MAX_BACKOFF_MS = 1_000;
/** How often a Redis that loads its data is asked whether it is done, in milliseconds. */
const LOADING_RETRY_MS = 250;

/** A client with our script for readers as a command. */
export type ScriptedRedis = Redis & {
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
  #looks: NodeJS.Timeout | undefined;
  #lookCount = 0;
  #silentLooks = 0;
  #socket: Socket | undefined;
  #bytesRead = 0;
  #error: Error | undefined;
  #closed = false;

  constructor(open: OpenRedis, name: string, scripts: LogScripts, onEnd: () => void) {
    this.redis = open({
      connectionName: `mad-${name}`,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // One that is connected and says nothing would be waited for without end.
      sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
      sentinelRetryStrategy: backoffMs,
      maxLoadingRetryTime: LOADING_RETRY_MS,
      // The timer of a goodbye, which is not waited for.
      disconnectTimeout: 1,
      retryStrategy: backoffMs,
      scripts: { logHead: { lua: scripts.head.text, numberOfKeys: 2 } },
    }) as ScriptedRedis;
    // A `close` follows each error; it tells of both.
    this.redis.on('error', (error) => {
      this.#error = error;
      // Before Sentinel has named the primary there is no socket that could close.
      if (isSentinelError(error)) this.#lost(error);
    });
    this.redis.on('close', () => this.#lost(this.#error ?? new Error('the connection was closed')));
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
    if (this.#looks || this.#closed) return;
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
    // The same failure comes as an `error` event, and the next attempt follows by itself.
    this.redis.connect().catch(noted);
  }

  listen(listener: ConnectionListener): void {
    this.#listeners.add(listener);
  }

  /** Drops the socket; a new one follows. For one that is not what it should be. */
  reconnect(reason?: Error): void {
    if (this.ready) this.redis.stream.destroy(reason);
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
    clearInterval(this.#looks);
    this.#changed.wake();
    const { status, stream } = this.redis;
    if (status === 'end') return;
    // Between two attempts, or while Sentinel is asked for the primary.
    const noSocket = status === 'reconnecting' || (status === 'connecting' && (!stream || stream.destroyed));
    const ended = new Promise<void>((resolve) => this.redis.once('end', () => resolve()));
    this.redis.disconnect();
    // `disconnect` only says goodbye; a half-dead server would keep the process alive.
    stream?.destroy();
    // No end that could be told of.
    if (noSocket) this.redis.emit('end');
    await ended;
  }

  /**
   * Ends a socket on which nothing arrives any more. Looks are counted, not time: while this
   * process's own event loop stands still there are none, and what came meanwhile is read after the
   * first one.
   */
  #look(): void {
    const { ready } = this;
    const socket = this.redis.stream as Socket | null | undefined;
    this.#lookCount += 1;
    // Without an answer the silence ends the connection, and that is told as such.
    if (ready && this.#lookCount % PING_LOOKS === 0) this.redis.ping().catch(noted);
    if (!socket || socket.destroyed || socket.connecting) return;
    if (socket !== this.#socket || socket.bytesRead !== this.#bytesRead) {
      this.#socket = socket;
      this.#bytesRead = socket.bytesRead;
      this.#silentLooks = 0;
      return;
    }
    this.#silentLooks += 1;
    if (this.#silentLooks < (ready ? SILENT_LOOKS : SILENT_START_LOOKS)) return;
    this.#silentLooks = 0;
    socket.destroy(new Error('it does not answer'));
  }

  #lost(error: Error): void {
    this.#error = error;
    this.#tell((listener) => listener.lost?.(error));
  }

  #tell(call: (listener: ConnectionListener) => void): void {
    for (const listener of [...this.#listeners]) call(listener);
    this.#changed.wake();
  }
}

/** 50 ms, doubled each time up to 1 s, of which half is left to chance. */
function backoffMs(attempt: number): number {
  const fullMs = Math.min(MAX_BACKOFF_MS, 50 * 2 ** Math.min(attempt - 1, 10));
  return fullMs * (0.5 + Math.random() / 2);
}

/** For a failure that another event tells of. */
const noted = (): void => undefined;
