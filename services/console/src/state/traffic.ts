import type { Entry } from './entries.ts';
import { senderOf, targetOf } from './entries.ts';

/** Seconds that are looked back over. */
const WINDOW_S = 60;

/** Messages of the last minute from one sender to one target. */
export interface Flow {
  readonly sender: string;
  /** A recipient's id, or what kind of channel it is. */
  readonly target: string;
  readonly direct: boolean;
  /** The target as the filter of the bus has it. */
  readonly to: string;
  /** Rogers asks so that a console can show it, or is answered: a view that looks makes traffic itself. */
  readonly forConsole: boolean;
  readonly count: number;
}

/** `CONSOLE_READ_PREFIX` of the protocol, whose code would weigh more than this page. */
export const CONSOLE_READ_PREFIX = 'console-read-';
const isForConsole = (entry: Entry): boolean =>
  entry.type === 'message' && entry.message.correlation_id.startsWith(CONSOLE_READ_PREFIX);

/** One second's counts. */
interface Bucket {
  second: number;
  readonly flows: Map<string, number>;
}

const KEY_BREAK = '\n';

/** Counts of the last minute, second by second, in the log's own time. */
export class Traffic {
  readonly #buckets: Bucket[] = Array.from({ length: WINDOW_S }, () => ({ second: -1, flows: new Map() }));

  add(entry: Entry): void {
    const sender = senderOf(entry);
    if (sender === null) return;
    const bucket = this.#bucket(Math.floor(entry.timeMs / 1000));
    if (bucket === null) return;
    const key = [sender, targetOf(entry), isForConsole(entry)].join(KEY_BREAK);
    bucket.flows.set(key, (bucket.flows.get(key) ?? 0) + 1);
  }

  /** Flows of the minute before `nowMs`, the largest first. */
  flows(nowMs: number): Flow[] {
    const sums = new Map<string, number>();
    for (const { flows } of this.#since(nowMs, WINDOW_S)) {
      for (const [key, count] of flows) sums.set(key, (sums.get(key) ?? 0) + count);
    }
    return [...sums]
      .map(([key, count]) => {
        const [sender = '', to = '', isRead] = key.split(KEY_BREAK);
        const direct = to.startsWith('@');
        const target = direct ? to.slice(1) : to;
        return { sender, target, direct, to, forConsole: isRead === 'true', count };
      })
      .sort((a, b) => b.count - a.count || a.sender.localeCompare(b.sender));
  }

  /** Messages a second over the last `seconds` whole ones. */
  rate(nowMs: number, seconds = 5): number {
    let sum = 0;
    for (const { flows } of this.#since(nowMs - 1000, seconds))
      for (const count of flows.values()) sum += count;
    return sum / seconds;
  }

  /** Messages in each second of the minute before `nowMs`, oldest first. */
  perSecond(nowMs: number): number[] {
    const now = Math.floor(nowMs / 1000);
    return Array.from({ length: WINDOW_S }, (_, index) => {
      const second = now - WINDOW_S + 1 + index;
      const bucket = this.#buckets[second % WINDOW_S];
      if (bucket?.second !== second) return 0;
      let sum = 0;
      for (const count of bucket.flows.values()) sum += count;
      return sum;
    });
  }

  #since(nowMs: number, seconds: number): Bucket[] {
    const now = Math.floor(nowMs / 1000);
    return this.#buckets.filter(({ second }) => second > now - seconds && second <= now + 1);
  }

  /** Null for a second that is over and whose place another has taken. */
  #bucket(second: number): Bucket | null {
    const bucket = this.#buckets[second % WINDOW_S] as Bucket;
    if (bucket.second > second) return null;
    if (bucket.second < second) {
      bucket.second = second;
      bucket.flows.clear();
    }
    return bucket;
  }
}
