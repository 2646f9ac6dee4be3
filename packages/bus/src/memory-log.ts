import { randomUUID } from 'node:crypto';
import { type Clock, formatPosition, type Position, parsePosition } from '@mad-group/protocol';
import type { LogLimits } from './log-limits.ts';
import { placeNumber } from './place.ts';

export interface MemoryEntry {
  readonly position: Position;
  /** Number of the entry in its epoch, from 1, without gaps. */
  readonly number: number;
  readonly timeMs: number;
  readonly channel: string;
  readonly messageId: string;
  /** The envelope as text: what a consumer changes in its copy changes no other's. */
  readonly json: string;
}

/** What an entry takes beside its text, in bytes, roughly. */
const ENTRY_OVERHEAD_BYTES = 200;
/** Dead entries at the head of the array that are worth moving the rest for. */
const COMPACT_AT = 1_024;

/** The log of one process: an epoch, and entries with places `{ms}-{number}`. */
export class MemoryLog {
  readonly epoch = randomUUID();
  readonly #clock: Clock;
  readonly #limits: LogLimits;
  #entries: MemoryEntry[] = [];
  /** Index of the oldest entry; those before it have been trimmed. */
  #head = 0;
  #bytes = 0;
  #lastNumber = 0;
  #lastMs = 0;

  constructor(clock: Clock, limits: LogLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Number of the newest entry ever, 0 before the first. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** Number of the oldest entry there is; one past the newest where there is none. */
  get firstNumber(): number {
    return this.#lastNumber - (this.#entries.length - this.#head) + 1;
  }

  /** Place of the newest entry ever. */
  get lastPosition(): Position {
    return this.#position(this.#lastMs, this.#lastNumber);
  }

  /** The oldest place that can still be read; that of the newest entry ever where all are gone. */
  get firstPosition(): Position {
    return this.#entries[this.#head]?.position ?? this.lastPosition;
  }

  append(message: { channel: string; messageId: string; json: string }): Position {
    // Places grow, whatever the clock does.
    this.#lastMs = Math.max(this.#lastMs, this.#clock.now());
    this.#lastNumber += 1;
    const position = this.lastPosition;
    this.#entries.push({ ...message, position, number: this.#lastNumber, timeMs: this.#lastMs });
    this.#bytes += entryBytes(message.json);
    this.trim();
    return position;
  }

  /** Position of this message where it is among the newest `depth` entries. */
  find(messageId: string, depth: number): Position | undefined {
    const oldest = Math.max(this.#head, this.#entries.length - depth);
    for (let index = this.#entries.length - 1; index >= oldest; index -= 1) {
      const entry = this.#entries[index] as MemoryEntry;
      if (entry.messageId === messageId) return entry.position;
    }
    return undefined;
  }

  /** Entries with numbers above this one, oldest first. */
  after(number: number, count: number): readonly MemoryEntry[] {
    const start = this.#head + Math.max(0, number + 1 - this.firstNumber);
    return this.#entries.slice(start, start + count);
  }

  /** Number of the last entry before this time; 0 where none is left that is known to be. */
  numberBefore(timeMs: number): number {
    if (this.#lastMs < timeMs) return this.#lastNumber;
    // Times never go back, and the newest are asked for most.
    let index = this.#entries.length;
    while (index > this.#head && (this.#entries[index - 1] as MemoryEntry).timeMs >= timeMs) index -= 1;
    return index === this.#head ? 0 : (this.#entries[index - 1] as MemoryEntry).number;
  }

  /** The place behind the entry of this number: the one from which the next entry that is left is the next. */
  positionBehind(number: number): Position {
    const next = this.after(number, 1)[0];
    if (!next) return this.lastPosition;
    return this.#position(next.number === 1 ? 0 : next.timeMs, next.number - 1);
  }

  /** Number of the entry at a position of this epoch; undefined for one of another. */
  numberAt(position: Position): number | undefined {
    const { epoch, place } = parsePosition(position);
    return epoch === this.epoch ? placeNumber(place) : undefined;
  }

  /** Cuts off what is too old or too much. The newest entry stays unless it is too old. */
  trim(): void {
    const oldestMs = this.#clock.now() - this.#limits.maxAgeMs;
    for (let entry = this.#entries[this.#head]; entry; entry = this.#entries[this.#head]) {
      const length = this.#entries.length - this.#head;
      const tooMuch = length > this.#limits.maxLength || (length > 1 && this.#bytes > this.#limits.maxBytes);
      if (!tooMuch && entry.timeMs >= oldestMs) break;
      this.#bytes -= entryBytes(entry.json);
      this.#head += 1;
    }
    if (this.#head < COMPACT_AT || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  #position(timeMs: number, number: number): Position {
    return formatPosition({ epoch: this.epoch, place: `${timeMs}-${number}` });
  }
}

const entryBytes = (json: string): number => json.length + ENTRY_OVERHEAD_BYTES;
