import type { Bus, LogBatch, ReadOptions } from '@mad-group/bus';
import { type Clock, formatPosition, type Position, parsePosition } from '@mad-group/protocol';

interface ReaderLag {
  /** Entries between the head of the log and what the reader has done with. */
  readonly messages: number;
  /** How long ago the reader was last at the head, in seconds; 0 while it is. */
  readonly seconds: number;
}

/** How far one reader of the log has come. */
export interface LagMeter {
  begins(from: ReadOptions['from']): void;
  /** The reader gets a batch. Returns what to call when it has done with it. */
  gets(batch: LogBatch): () => void;
  /** Null where either end is not known yet. */
  lag(): ReaderLag | null;
}

/** @param monotonic milliseconds that only go forward */
export function createLagMeter(bus: Pick<Bus, 'head'>, monotonic: Clock): LagMeter {
  let place: Position | null = null;
  let atHeadMs = monotonic.now();

  return {
    begins(from) {
      // One that begins again, as behind an error, is as far behind as it was.
      if (from === 'end') place ??= bus.head();
      else if (from !== 'start') place ??= from;
    },
    gets({ position, caughtUp }) {
      const gotMs = monotonic.now();
      place ??= formatPosition({ epoch: parsePosition(position).epoch, place: '0-0' });
      return () => {
        place = position;
        if (caughtUp) atHeadMs = gotMs;
      };
    },
    lag() {
      const head = bus.head();
      if (head === null || place === null) return null;
      const messages = distance(place, head);
      // Who has read all there was, and nothing came since, is at the head still.
      if (messages === 0) atHeadMs = monotonic.now();
      return { messages, seconds: (monotonic.now() - atHeadMs) / 1000 };
    },
  };
}

/**
 * Entries are numbered without gaps in their epoch. A log that has begun anew is all unread; what
 * lies in the one before is not known.
 */
function distance(from: Position, to: Position): number {
  const [reader, head] = [parsePosition(from), parsePosition(to)];
  const read = reader.epoch === head.epoch ? numberOf(reader.place) : 0;
  // The reader may know of more than the head that was heard of last.
  return Math.max(0, numberOf(head.place) - read);
}

const numberOf = (place: string): number => Number(place.slice(place.indexOf('-') + 1));
