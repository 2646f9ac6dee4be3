import type { BusPart } from './bus-state.ts';
import { type LoopbackEar, NOT_HEARD } from './loopback.ts';
import type { RedisConnection } from './redis-connection.ts';
import { describeRedisError } from './redis-errors.ts';

/**
 * A reader's ear for the process's own words. What Redis had taken before it was asked stands in its
 * answer; where it does not, the reader is connected to something else than the publisher.
 */
export class LoopbackListener {
  readonly #ear: LoopbackEar;
  readonly #connection: RedisConnection;
  readonly #part: BusPart;
  #heard: number;
  /** Taken before the question that is under way. */
  #due = 0;
  /** What was said before the connection came up may be gone with the Redis that took it. */
  #floor: number;
  /** Unheard on its last connection: being ready is not enough this time. */
  #deaf = false;

  constructor(ear: LoopbackEar, connection: RedisConnection, part: BusPart) {
    this.#ear = ear;
    this.#connection = connection;
    this.#part = part;
    this.#heard = ear.sent;
    this.#floor = ear.sent;
    connection.listen({
      ready: () => {
        this.#floor = ear.sent;
        if (!this.#deaf) part.here();
      },
      lost: (error) => part.away(describeRedisError(error)),
    });
  }

  get key(): string {
    return this.#ear.key;
  }

  /** What to read behind. */
  get place(): string {
    return `${this.#heard}-1`;
  }

  /** Before a question. */
  ask(): void {
    this.#due = this.#ear.taken;
  }

  /** @throws Error where it drops the connection, since a word is missing that had to be in the answer */
  answer(place: string | undefined): void {
    if (place !== undefined) {
      this.#heard = wordNumber(place);
      this.#deaf = false;
      this.#part.here();
    } else if (this.#due > this.#heard && this.#due > this.#floor) {
      if (this.#deaf) this.#ear.rebuild();
      this.#deaf = true;
      this.#connection.reconnect(NOT_HEARD);
      throw NOT_HEARD;
    }
  }
}

const wordNumber = (place: string): number => Number(place.slice(0, place.indexOf('-')));
