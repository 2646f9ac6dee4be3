import {
  comparePlaces,
  type Envelope,
  formatPosition,
  type Logger,
  type Position,
  parsePosition,
} from '@mad-group/protocol';
import type { LogItem, ReadOptions } from './bus.ts';
import { placeBefore, placeNumber } from './place.ts';

/** An entry as XREAD gives it: `[id, ['channel', channel, epoch, envelope]]`, and `'foreign', '1'`. */
export type RawEntry = [place: string, fields: string[]];

export interface LogHead {
  readonly epoch: string;
  /** Undefined where the log is empty. */
  readonly oldest: string | undefined;
  /** The newest entry ever, also when it is gone. */
  readonly last: string;
}

type Gap = Extract<LogItem, { kind: 'gap' }>;

/**
 * A reader's place in the log. Entries are numbered without gaps and name their epoch, so whatever is
 * missing is seen in what comes next, and told of; nothing has to be checked beforehand.
 */
export class LogCursor {
  #epoch: string;
  #place: string;
  #number: number;
  /** An entry of another epoch, where the log was not seen to have begun anew. */
  #odd: string | undefined;

  constructor(epoch: string, place: string) {
    this.#epoch = epoch;
    this.#place = place;
    this.#number = placeNumber(place);
  }

  static from(from: ReadOptions['from'], head: LogHead): LogCursor {
    if (from === 'end') return new LogCursor(head.epoch, head.last);
    if (from === 'start') return new LogCursor(head.epoch, startOf(head));
    const { epoch, place } = parsePosition(from);
    return new LogCursor(epoch, place);
  }

  /** The same place, which moves on its own. */
  copy(): LogCursor {
    const copy = new LogCursor(this.#epoch, this.#place);
    copy.#odd = this.#odd;
    return copy;
  }

  get place(): string {
    return this.#place;
  }

  get position(): Position {
    return formatPosition({ epoch: this.#epoch, place: this.#place });
  }

  /** Compares with the log's ends; steps over what is gone and tells of it. */
  check(head: LogHead): Gap | undefined {
    const { epoch, oldest, last } = head;
    const start = startOf(head);
    if (epoch !== this.#epoch) return this.#jump('epoch', head, start, oldest ?? last);
    if (comparePlaces(last, this.#place) < 0) {
      // The log's end is gone, as after a failover: what is left of it has been read, unless its
      // numbers say that others stand in the place of what is gone.
      return placeNumber(last) <= this.#number
        ? this.#jump('epoch', head, last, last)
        : this.#jump('epoch', head, start, oldest ?? last);
    }
    if (placeNumber(start) > this.#number) return this.#jump('trimmed', head, start, oldest ?? last);
    return undefined;
  }

  /**
   * Moves over entries that came in order and adds what matches to the items. Channels are looked at
   * before anything is parsed. False where the log has begun anew: the rest is to be read again.
   */
  take(
    entries: readonly RawEntry[],
    matches: (channel: string) => boolean,
    items: LogItem[],
    log: Logger,
  ): boolean {
    for (const [place, fields] of entries) {
      const [, channel = '', epoch = ''] = fields;
      // The second time, with the log's ends looked at in between, it is no entry of ours.
      const odd = epoch !== this.#epoch;
      if (odd && this.#odd !== place) {
        this.#odd = place;
        return false;
      }
      const number = placeNumber(place);
      if (number !== this.#number + 1) {
        const to = formatPosition({ epoch: this.#epoch, place });
        // A number that was read already, at a later place: the log has lost its end meanwhile.
        const reason = number > this.#number ? 'trimmed' : 'epoch';
        items.push({ kind: 'gap', reason, from: this.position, to });
      }
      this.#place = place;
      this.#number = number;
      if (!odd && !matches(channel)) continue;
      const envelope = odd ? undefined : parseEnvelope(fields[3]);
      if (envelope === undefined) {
        log.error({ position: this.position, channel }, 'an entry of the log is no message and is left out');
        continue;
      }
      envelope.position = this.position;
      items.push({
        kind: 'message',
        envelope: envelope as Envelope & { position: Position },
        foreign: fields.length > 4,
      });
    }
    return true;
  }

  #jump(reason: Gap['reason'], { epoch }: LogHead, place: string, to: string): Gap {
    const from = this.position;
    this.#epoch = epoch;
    this.#place = place;
    this.#number = placeNumber(place);
    return { kind: 'gap', reason, from, to: formatPosition({ epoch, place: to }) };
  }
}

/** The place just before the oldest entry. Where there is none, that of the newest ever. */
export const startOf = ({ oldest, last }: LogHead): string =>
  oldest === undefined ? last : placeBefore(oldest);

/** Undefined where it is none: whoever may write to Redis may have written it. */
function parseEnvelope(json: string | undefined): Envelope | undefined {
  if (json === undefined) return undefined;
  try {
    const value = JSON.parse(json) as unknown;
    return isEnvelope(value) ? value : undefined;
  } catch (error) {
    // Nesting past the parser's stack is a RangeError.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What every reader relies on. A look at each field, not a schema: every message comes through here. */
function isEnvelope(value: unknown): value is Envelope {
  if (!isObject(value)) return false;
  const { recipient_id: recipient, headers } = value;
  return (
    TEXT_FIELDS.every((field) => typeof value[field] === 'string') &&
    (recipient === null || recipient === undefined || typeof recipient === 'string') &&
    (headers === undefined || isObject(headers)) &&
    isObject(value.payload)
  );
}

const TEXT_FIELDS = [
  'message_id',
  'conversation_id',
  'correlation_id',
  'timestamp',
  'sender_id',
  'channel',
] as const;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
