import type { Envelope, Position } from '@mad-group/protocol';
import type { LogBatch, LogItem, ReadOptions } from './bus.ts';
import type { MemoryLog } from './memory-log.ts';

/** A reader's place in a memory log, and the batches behind it. */
export class MemoryReader {
  readonly #log: MemoryLog;
  #position: Position;
  #number: number | undefined;

  constructor(log: MemoryLog, from: ReadOptions['from']) {
    this.#log = log;
    log.trim();
    if (from === 'start') {
      this.#number = log.firstNumber - 1;
      this.#position = log.firstPosition;
    } else if (from === 'end') {
      this.#number = log.lastNumber;
      this.#position = log.lastPosition;
    } else {
      this.#number = log.numberAt(from);
      this.#position = from;
    }
  }

  /** Nothing is behind the reader's place. */
  get caughtUp(): boolean {
    return this.#number === this.#log.lastNumber;
  }

  /** What is there now, up to `maxBatch` entries, filtered by channel before it is parsed. */
  next(matches: (channel: string) => boolean, maxBatch: number): LogBatch {
    this.#log.trim();
    const items: LogItem[] = [];
    let number = this.#closeGap(items);
    for (const entry of this.#log.after(number, maxBatch)) {
      number = entry.number;
      this.#position = entry.position;
      if (!matches(entry.channel)) continue;
      const envelope = JSON.parse(entry.json) as Envelope;
      items.push({
        kind: 'message',
        envelope: Object.assign(envelope, { position: entry.position }),
        foreign: false,
      });
    }
    this.#number = number;
    return { items, position: this.#position, caughtUp: this.caughtUp };
  }

  /** Tells of what is gone between the reader's place and the log, and steps over it. */
  #closeGap(items: LogItem[]): number {
    const log = this.#log;
    const number = this.#number;
    const began = number === undefined || number > log.lastNumber;
    if (!began && number >= log.firstNumber - 1) return number;
    const to = log.firstPosition;
    items.push({ kind: 'gap', reason: began ? 'epoch' : 'trimmed', from: this.#position, to });
    this.#position = to;
    return log.firstNumber - 1;
  }
}
