import type { Logger } from '@mad-group/protocol';
import type { LogLimits } from './log-limits.ts';
import type { RedisConnection } from './redis-connection.ts';
import { describeRedisError } from './redis-errors.ts';

const SAMPLE_INTERVAL_MS = 5_000;
/** A burst is measured sooner: when it may have filled this part of the memory. */
const SAMPLE_FRACTION = 1 / 16;
/** Nodes of the stream that Redis weighs for an estimate. */
const SAMPLED_NODES = 20;
/** A log is never made shorter than this, whatever its entries weigh. */
const MIN_LENGTH = 100;

/**
 * Keeps the log within its memory. Redis cannot trim a stream by bytes, so now and then the log is
 * weighed, and the length it may have follows from what an entry weighs on average.
 */
export class LogBounds {
  readonly #connection: RedisConnection;
  readonly #key: string;
  readonly #limits: LogLimits;
  readonly #log: Logger;
  #maxLength: number;
  #bytesSince = 0;
  #sampledMs = Number.NEGATIVE_INFINITY;
  #sampling = false;

  constructor(connection: RedisConnection, key: string, limits: LogLimits, log: Logger) {
    this.#connection = connection;
    this.#key = key;
    this.#limits = limits;
    this.#log = log;
    this.#maxLength = limits.maxLength;
  }

  /** Entries that the log may have for now. */
  get maxLength(): number {
    return this.#maxLength;
  }

  get maxAgeMs(): number {
    return this.#limits.maxAgeMs;
  }

  /** Counts what was appended, and weighs the log when it is time to. */
  appended(bytes: number): void {
    this.#bytesSince += bytes;
    const due =
      this.#bytesSince > this.#limits.maxBytes * SAMPLE_FRACTION ||
      performance.now() - this.#sampledMs > SAMPLE_INTERVAL_MS;
    if (!due || this.#sampling) return;
    this.#sampling = true;
    this.#bytesSince = 0;
    this.#sampledMs = performance.now();
    this.#sample()
      .catch((error: unknown) => {
        this.#log.debug({ reason: describeRedisError(error) }, 'log not weighed');
      })
      .finally(() => {
        this.#sampling = false;
      });
  }

  async #sample(): Promise<void> {
    const { redis } = this.#connection;
    const [bytes, length] = await Promise.all([
      redis.memory('USAGE', this.#key, 'SAMPLES', SAMPLED_NODES),
      redis.xlen(this.#key),
    ]);
    if (bytes === null) return;
    const { maxLength, maxBytes } = this.#limits;
    if (bytes < maxBytes / 2) {
      // A short log says little of what an entry weighs: most of it is room for more.
      this.#maxLength = maxLength;
      return;
    }
    const affordable = Math.max(MIN_LENGTH, Math.floor(maxBytes / (bytes / length)));
    this.#maxLength = Math.min(maxLength, affordable);
    if (length <= this.#maxLength) return;
    await redis.xtrim(this.#key, 'MAXLEN', '~', this.#maxLength);
  }
}
