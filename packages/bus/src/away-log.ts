import type { Logger } from '@mad-group/protocol';
import { describeRedisError, isPasswordError } from './redis-errors.ts';

/** How often a long outage is told again, in milliseconds. */
const REPEAT_MS = 30_000;

/** Says that Redis is away when it begins and every 30 s, however often connecting is tried. */
export class AwayLog {
  readonly #log: Logger;
  #error: Error | undefined;
  #toldPassword = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  away(error: Error): void {
    this.#error = error;
    // An outage may turn into a refused password, as when Redis comes up with another one.
    const news = isPasswordError(error) && !this.#toldPassword;
    if (this.#timer === undefined || news) this.#tell();
    this.#timer ??= setInterval(() => this.#tell(), REPEAT_MS);
  }

  /** Ends it: Redis is back, or nobody waits for it any more. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#toldPassword = false;
  }

  #tell(): void {
    this.#toldPassword = isPasswordError(this.#error);
    const line = `Redis is away: ${describeRedisError(this.#error)}. Waiting.`;
    if (this.#toldPassword) this.#log.error({}, line);
    else this.#log.warn({}, line);
  }
}
