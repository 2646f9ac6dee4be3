import { type Envelope, type Logger, MAX_ENVELOPE_BYTES, MadError } from '@mad-group/protocol';
import type { BusPart } from './bus-state.ts';
import { foreignEnvelope, isPositioned } from './foreign-envelope.ts';
import { type LoopbackEar, NOT_HEARD } from './loopback.ts';
import type { Publisher } from './publisher.ts';
import { DEFAULT_TIMEOUT_MS } from './read-defaults.ts';
import type { RedisConnection } from './redis-connection.ts';
import { describeRedisError } from './redis-errors.ts';
import { serializeEnvelope } from './serialize-envelope.ts';

const FOREIGN_PATTERN = 'mad.*';
/**
 * Entries to look back over for a foreign message: while one adopter hands over to the next, both
 * hear it, at nearly the same time.
 */
const LOOK_BACK = 1_000;
/** Words of the process's own that may go unheard: some are on their way while a connection comes up. */
const MAX_UNHEARD = 2;
/** Losses are told at most so often, in milliseconds. */
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
    const envelope = foreignEnvelope(channel, text);
    if (!envelope) return;
    append(envelope).catch((error: unknown) => {
      if (signal.aborted) return;
      const code = error instanceof MadError ? error.code : 'internal';
      left.count(code === 'payload_too_large' ? 'too large' : code, channel);
    });
  };

  const append = async (envelope: Envelope): Promise<void> => {
    await publisher.publish({
      channel: envelope.channel,
      messageId: envelope.message_id,
      json: serializeEnvelope(envelope),
      kind: 'foreign',
      lookBack: LOOK_BACK,
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
  connection.listen({
    ready: () => {
      Promise.all([
        connection.redis.psubscribe(FOREIGN_PATTERN),
        connection.redis.subscribe(loopback.key),
      ]).then(
        () => {
          unheard = 0;
          listening = true;
          loopback.say();
        },
        (error: unknown) => {
          log.warn({ reason: describeRedisError(error) }, 'cannot listen for foreign messages, trying again');
          connection.reconnect();
        },
      );
    },
    lost: (error) => {
      listening = false;
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
