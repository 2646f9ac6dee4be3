import { randomUUID } from 'node:crypto';
import { comparePlaces, formatPosition, type Position, parsePosition } from '@mad-group/protocol';
import { busStopped } from './bus-stopped.ts';
import type { LogBounds } from './log-bounds.ts';
import { placeMs } from './place.ts';
import { LOOK_BACK_ENTRIES, LOOK_BACK_SKEW_MS } from './read-defaults.ts';
import type { RedisConnection } from './redis-connection.ts';
import { busUnavailable, describeRedisError, isReply } from './redis-errors.ts';
import type { RedisKeys } from './redis-keys.ts';
import type { LuaScript } from './redis-scripts.ts';

/** Messages in one call, and calls under way: enough to keep Redis busy, few enough to keep order in a retry. */
const MAX_CALL_MESSAGES = 200;
const MAX_CALL_CHARACTERS = 1_000_000;
const MAX_CALLS = 4;
/**
 * What was sent cannot stand in the log before the newest entry that was known then. Less this, in
 * milliseconds: a log that begins anew may keep another clock.
 */
const IN_DOUBT_SKEW_MS = 1_000;
/** How exactly a publish keeps its time, in milliseconds. */
const DEADLINE_CHECK_MS = 50;
/** Pause after Redis refused, as it does while loading or out of memory, in milliseconds. */
const REFUSED_PAUSE_MS = 200;

export interface Outgoing {
  readonly channel: string;
  /** The envelope; of a `loopback` its number. */
  readonly json: string;
  /** `foreign`: appended, not published, as it was on the channel already. `loopback`: no message. */
  readonly kind: 'message' | 'foreign' | 'loopback';
  /** How many entries to look back over for it; 0 where it is known to be new. */
  readonly lookBack: number;
  /** Where looking back may end, as a stream id. Default: the log's beginning. */
  readonly lookBackTo?: string;
  readonly timeoutMs: number;
}

interface Pending {
  readonly message: Outgoing;
  readonly endMs: number;
  /** Sent once already, on a connection that was lost before the answer. */
  inDoubt: boolean;
  /** Where it was sent: it is not in the log from before this time, in milliseconds since 1970. */
  notBeforeMs: number | undefined;
  settled: boolean;
  readonly resolve: (position: Position) => void;
  readonly reject: (error: Error) => void;
}

export interface PublisherOptions {
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
  readonly bounds: LogBounds;
  readonly script: LuaScript;
  /** Names this publisher in Redis. */
  readonly id: string;
}

/**
 * Sends messages in the order in which they came. What comes while calls are under way shares the
 * next call. When a connection is lost, everything unanswered is sent again, in the same order, with
 * the flag that makes the script look for it in the log first, and as a new generation, behind which
 * the script refuses what the network may still deliver of the old one.
 */
export class Publisher {
  readonly #connection: RedisConnection;
  readonly #keys: readonly string[];
  readonly #bounds: LogBounds;
  readonly #script: LuaScript;
  #waiting: Pending[] = [];
  #calls: Pending[][] = [];
  /** Counts the times that all was taken back; an answer to a call from before is not heard any more. */
  #generation = 0;
  #flushing = false;
  #pausedUntilMs = 0;
  #refusal: string | undefined;
  /** Time of the newest entry known in this epoch of the log, in milliseconds; 0 before the first. */
  #newestMs = 0;
  #epoch = '';
  #head: Position | null = null;
  #deadlines: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor({ connection, keys, bounds, script, id }: PublisherOptions) {
    this.#connection = connection;
    this.#keys = [keys.log, keys.head, keys.fence(id), keys.loopback(id)];
    this.#bounds = bounds;
    this.#script = script;
    connection.listen({
      ready: () => {
        this.#loadScript();
        this.#flush();
      },
      lost: () => this.#takeBack(),
    });
  }

  /** Why Redis refused the last call, in a few words; undefined where it took it. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** The log's newest entry as of the last answer; null before the first. */
  get head(): Position | null {
    return this.#head;
  }

  /** @throws MadError `bus_unavailable` when `timeoutMs` is over */
  publish(message: Outgoing): Promise<Position> {
    if (this.#stopped) return Promise.reject(busStopped());
    return new Promise((resolve, reject) => {
      const endMs = performance.now() + message.timeoutMs;
      this.#waiting.push({
        message,
        endMs,
        inDoubt: false,
        notBeforeMs: undefined,
        settled: false,
        resolve,
        reject,
      });
      this.#deadlines ??= setInterval(() => this.#checkDeadlines(), DEADLINE_CHECK_MS);
      if (this.#flushing) return;
      this.#flushing = true;
      // At the end of this turn of the event loop, so that all of its messages share a call.
      setImmediate(() => {
        this.#flushing = false;
        this.#flush();
      });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#takeBack();
    clearInterval(this.#deadlines);
    for (const pending of this.#waiting.splice(0)) settle(pending, () => pending.reject(busStopped()));
  }

  #flush(): void {
    if (performance.now() < this.#pausedUntilMs) return;
    while (this.#connection.ready && this.#waiting.length > 0 && this.#calls.length < MAX_CALLS) this.#send();
  }

  #send(): void {
    let count = 0;
    let characters = 0;
    while (count < this.#waiting.length && count < MAX_CALL_MESSAGES && characters < MAX_CALL_CHARACTERS) {
      characters += (this.#waiting[count] as Pending).message.json.length;
      count += 1;
    }
    const call = this.#waiting.splice(0, count);
    this.#calls.push(call);
    // The older of two sends bounds what is looked for: both may have arrived.
    const notBeforeMs = Math.max(this.#newestMs - IN_DOUBT_SKEW_MS, Date.now() - LOOK_BACK_SKEW_MS);
    for (const pending of call) pending.notBeforeMs ??= notBeforeMs;
    const generation = this.#generation;
    this.#connection.redis
      .evalsha(this.#script.sha, this.#keys.length, ...this.#keys, ...this.#scriptArguments(call))
      .then(
        (reply) => this.#answered(generation, reply as string[], characters),
        (error: unknown) => this.#failed(generation, error),
      );
  }

  /**
   * By hand, not by the client: that sends a script that Redis forgot again by itself, behind calls
   * that came later, and order is lost. Nobody waits for it: what follows on the socket finds it.
   */
  #loadScript(): void {
    // Where it fails, so do the calls behind it, and those are heard.
    this.#connection.redis.script('LOAD', this.#script.text).catch(() => undefined);
  }

  #scriptArguments(call: readonly Pending[]): (string | number)[] {
    const messages: string[] = [];
    let kinds = '';
    let lookBack = 0;
    let lookBackTo: string | undefined;
    const reachBackTo = (place: string): void => {
      lookBackTo = lookBackTo === undefined ? place : earlier(lookBackTo, place);
    };
    for (const { message, inDoubt, notBeforeMs = 0 } of call) {
      messages.push(message.channel, message.json);
      if (message.kind === 'loopback') {
        kinds += 'l';
        continue;
      }
      const mayBeThere = inDoubt || message.lookBack > 0;
      if (inDoubt) reachBackTo(`${notBeforeMs}-0`);
      if (message.lookBack > 0) reachBackTo(message.lookBackTo ?? '-');
      if (mayBeThere) lookBack = Math.max(lookBack, inDoubt ? LOOK_BACK_ENTRIES : message.lookBack);
      if (message.kind === 'foreign') kinds += mayBeThere ? 'g' : 'f';
      else kinds += mayBeThere ? 'r' : 'm';
    }
    const { maxLength, maxAgeMs } = this.#bounds;
    const until = lookBackTo ?? '-';
    return [randomUUID(), maxLength, maxAgeMs, until, lookBack, this.#generation, kinds, ...messages];
  }

  #answered(generation: number, reply: readonly string[], characters: number): void {
    if (generation !== this.#generation) return;
    const call = this.#calls.shift() as Pending[];
    const epoch = reply[0] as string;
    this.#refusal = undefined;
    if (epoch !== this.#epoch) this.#newestMs = 0;
    this.#epoch = epoch;
    for (let index = 0; index < call.length; index += 1) {
      const place = reply[index + 1] as string;
      this.#newestMs = Math.max(this.#newestMs, placeMs(place));
      const pending = call[index] as Pending;
      settle(pending, () => pending.resolve(formatPosition({ epoch, place })));
    }
    // One look a call is enough: the next one comes within the interval of the loopback.
    this.#head = laterOf(this.#head, formatPosition({ epoch, place: reply.at(-1) as string }));
    this.#bounds.appended(characters);
    this.#flush();
    this.#rest();
  }

  #failed(generation: number, error: unknown): void {
    if (generation !== this.#generation) return;
    this.#takeBack();
    if (!isReply(error)) return;
    const wasForgotten = this.#refusal?.startsWith('NOSCRIPT');
    this.#refusal = describeRedisError(error);
    if (this.#refusal.startsWith('NOSCRIPT')) {
      this.#loadScript();
      // Where loading does not help, as without the right to, it is a refusal like any other.
      if (!wasForgotten) {
        this.#flush();
        return;
      }
    }
    this.#pausedUntilMs = performance.now() + REFUSED_PAUSE_MS;
    // A primary that has become a replica: the address may lead to the new primary by now.
    if (error.message.startsWith('READONLY')) this.#connection.reconnect();
  }

  /** Puts what is unanswered back before what waits. Whether it is in the log is not known. */
  #takeBack(): void {
    this.#generation += 1;
    const unanswered = this.#calls.flat().filter(({ settled }) => !settled);
    for (const pending of unanswered) pending.inDoubt = true;
    this.#calls = [];
    this.#waiting = [...unanswered, ...this.#waiting];
  }

  #checkDeadlines(): void {
    const now = performance.now();
    const reason = this.#refusal ?? this.#connection.reason;
    const expire = (pending: Pending): void => {
      if (pending.endMs > now) return;
      settle(pending, () => pending.reject(busUnavailable(reason, pending.message.timeoutMs)));
    };
    for (const call of this.#calls) call.forEach(expire);
    this.#waiting.forEach(expire);
    this.#waiting = this.#waiting.filter(({ settled }) => !settled);
    this.#flush();
    this.#rest();
  }

  /** Nothing to wait for: no timer. */
  #rest(): void {
    if (this.#waiting.length > 0 || this.#calls.length > 0) return;
    clearInterval(this.#deadlines);
    this.#deadlines = undefined;
  }
}

/** The earlier of two stream ids, of which `-` is the earliest. */
const earlier = (a: string, b: string): string =>
  a === '-' || b === '-' ? '-' : comparePlaces(a, b) < 0 ? a : b;

/** The later of two positions; the second where it is of another epoch. */
function laterOf(a: Position | null, b: Position): Position {
  if (a === null) return b;
  const [known, next] = [parsePosition(a), parsePosition(b)];
  return known.epoch === next.epoch && comparePlaces(known.place, next.place) > 0 ? a : b;
}

function settle(pending: Pending, how: () => void): void {
  if (pending.settled) return;
  pending.settled = true;
  how();
}
