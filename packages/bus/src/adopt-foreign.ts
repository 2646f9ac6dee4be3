import { type Logger, MAX_ENVELOPE_BYTES, MadError } from '@mad-group/protocol';
import type { BusPart } from './bus-state.ts';
import { type ForeignEnvelope, foreignEnvelope, isPositioned } from './foreign-envelope.ts';
import { type LoopbackEar, NOT_HEARD } from './loopback.ts';
import type { Publisher } from './publisher.ts';
import { DEFAULT_TIMEOUT_MS } from './read-defaults.ts';
import type { RedisConnection } from './redis-connection.ts';
import { describeRedisError, isReply } from './redis-errors.ts';
import { serializeEnvelope } from './serialize-envelope.ts';
import { WakeUp } from './wake-up.ts';

const FOREIGN_PATTERN = 'mad.*';
/**
 * How far to look back for a foreign message: while one adopter hands over to the next, both hear it,
 * at nearly the same time.
 */
const LOOK_BACK = { entries: 1_000, ms: 5_000 };
/** Pauses after Redis refused to let us listen, in milliseconds, doubled each time. */
const REFUSED_PAUSE_MS = { first: 500, most: 30_000 };
/** Words of the process's own that may go unheard: some are on their way while a connection comes up. */
const MAX_UNHEARD = 2;
/** Losses and refusals are told at most so often, in milliseconds. */
const TELL_INTERVAL_MS = 30_000;

export interface AdoptForeignDeps {
  readonly publisher: Publisher;
  readonly log: Logger;
  readonly loopback: LoopbackEar;
  /** What of the bus's status is this listener's. */
  readonly part: BusPart;
  readonly connect: () => RedisConnection;
}

/** Listens on all channels and appends to the log what is not there, until the signal aborts. */
export async function adoptForeign(deps: AdoptForeignDeps, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { publisher, log, loopback, part } = deps;
  const connection = deps.connect();
  const left = createLossCounter(log);

  const adopt = (channel: string, text: string): void => {
    if (isPositioned(text)) return;
    if (Buffer.byteLength(text) > MAX_ENVELOPE_BYTES) {
      left.count('too large', channel);
      return;
    }
    const foreign = foreignEnvelope(channel, text);
    if (!foreign) return;
    append(foreign).catch((error: unknown) => {
      if (signal.aborted) return;
      const code = error instanceof MadError ? error.code : 'internal';
      left.count(code === 'payload_too_large' ? 'too large' : code, channel);
    });
  };

  const append = async ({ envelope, hasOwnId }: ForeignEnvelope): Promise<void> => {
    await publisher.publish({
      channel: envelope.channel,
      json: serializeEnvelope(envelope),
      kind: 'foreign',
      // An id that was made here is nowhere else.
      lookBack: hasOwnId ? LOOK_BACK.entries : 0,
      lookBackTo: `${Date.now() - LOOK_BACK.ms}-0`,
      timeoutMs: DEFAULT_TIMEOUT_MS,
    });
  };

  let unheard = 0;
  let listening = false;
  /** Anything that arrives shows that the connection carries what is published. */
  const hear = (): void => {
    unheard = 0;
    part.here();
  };
  connection.redis.on('message', hear);
  connection.redis.on('pmessage', (_pattern: string, channel: string, text: string) => {
    hear();
    adopt(channel, text);
  });
  /** Counts connections, so that an old one's tries end with it. */
  let lives = 0;
  let refusedToldMs = Number.NEGATIVE_INFINITY;
  const pause = new WakeUp();
  async function listen(): Promise<void> {
    const life = lives;
    let pauseMs = REFUSED_PAUSE_MS.first;
    while (life === lives && !signal.aborted) {
      try {
        await connection.redis.psubscribe(FOREIGN_PATTERN);
        await connection.redis.subscribe(loopback.key);
        unheard = 0;
        listening = true;
        loopback.say();
        return;
      } catch (error) {
        // A lost connection is told of as such, and its successor comes here again.
        if (!isReply(error)) return;
        const reason = describeRedisError(error);
        part.away(reason);
        if (performance.now() - refusedToldMs >= TELL_INTERVAL_MS) {
          refusedToldMs = performance.now();
          log.warn({ reason }, 'cannot listen for foreign messages, trying again');
        }
        await pause.wait(pauseMs, signal);
        pauseMs = Math.min(REFUSED_PAUSE_MS.most, 2 * pauseMs);
      }
    }
  }
  connection.listen({
    ready: () => void listen(),
    lost: (error) => {
      listening = false;
      lives += 1;
      part.away(describeRedisError(error));
    },
  });
  const unlisten = loopback.onTaken(() => {
    if (!listening) return;
    unheard += 1;
    if (unheard > MAX_UNHEARD) connection.reconnect(NOT_HEARD);
  });
  connection.start();
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  unlisten();
  part.end();
  await connection.close();
}

/** Counts foreign messages that did not reach the log, and says so now and then. */
function createLossCounter(log: Logger): { count(reason: string, channel: string): void } {
  let count = 0;
  let toldMs = Number.NEGATIVE_INFINITY;
  return {
    count(reason, channel) {
      count += 1;
      const now = performance.now();
      if (now - toldMs < TELL_INTERVAL_MS) return;
      toldMs = now;
      log.warn({ reason, channel, count }, 'foreign messages were not taken into the log');
    },
  };
}
