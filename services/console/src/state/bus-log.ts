import { type Signal, signal } from '@preact/signals';
import { type Entry, KINDS, type Kind, senderOf, targetOf } from './entries.ts';
import { summaryOf } from './summary.ts';
import { SlidingList } from './window.ts';

/** What of the log is shown. */
export interface Filter {
  /** Part of a sender, channel, id, payload, or of the words in the row; in any case. */
  readonly text: string;
  readonly kinds: ReadonlySet<Kind>;
  /** One sender; null for all. */
  readonly sender: string | null;
  /** What it goes to, as {@link targetOf} says it; null for all. */
  readonly to: string | null;
}

export const NO_FILTER: Filter = { text: '', kinds: new Set(KINDS), sender: null, to: null };

export interface BusLogOptions {
  /** Entries that are kept at most. Default 10,000. */
  readonly maxEntries?: number;
  /** Characters of payloads that are kept at most. Default 24 million. */
  readonly maxChars?: number;
}

/** The newest part of the bus log, and what a filter leaves of it. Bounded, so that a day's watch takes no more than an hour's. */
export class BusLog {
  /** Rises when `entries` or `shown` have changed. Who draws reads it. */
  readonly version: Signal<number> = signal(0);
  readonly entries = new SlidingList<Entry>();
  readonly shown = new SlidingList<Entry>();
  /** Entries that came since the page was opened. */
  total = 0;
  readonly #weights = new SlidingList<number>();
  readonly #maxEntries: number;
  readonly #maxChars: number;
  #chars = 0;
  #filter = NO_FILTER;
  #matches = compile(NO_FILTER);

  constructor({ maxEntries = 10_000, maxChars = 24_000_000 }: BusLogOptions = {}) {
    this.#maxEntries = maxEntries;
    this.#maxChars = maxChars;
  }

  get filter(): Filter {
    return this.#filter;
  }

  /** Adds what came. Nothing is drawn before `changed` says so. */
  add(entry: Entry): void {
    const weight = weightOf(entry);
    this.entries.push(entry);
    this.#weights.push(weight);
    this.#chars += weight;
    this.total += 1;
    if (this.#matches(entry)) this.shown.push(entry);
    while (
      this.entries.length > this.#maxEntries ||
      (this.#chars > this.#maxChars && this.entries.length > 1)
    ) {
      const gone = this.entries.shift() as Entry;
      this.#chars -= this.#weights.shift() as number;
      if (this.shown.at(0)?.id === gone.id) this.shown.shift();
    }
  }

  /** Tells those who draw. */
  changed(): void {
    this.version.value += 1;
  }

  setFilter(filter: Filter): void {
    this.#filter = filter;
    this.#matches = compile(filter);
    this.shown.clear();
    for (let index = 0; index < this.entries.length; index += 1) {
      const entry = this.entries.at(index) as Entry;
      if (this.#matches(entry)) this.shown.push(entry);
    }
    this.changed();
  }

  /** Where this page's picture of the log begins: a reload begins there again. */
  get firstPosition(): string | null {
    for (let index = 0; index < this.entries.length; index += 1) {
      const entry = this.entries.at(index) as Entry;
      if (entry.type !== 'gap') return entry.position;
    }
    return null;
  }
}

/** Characters that an entry holds, roughly. */
const weightOf = (entry: Entry): number =>
  entry.type === 'message' ? 500 + JSON.stringify(entry.message.payload ?? '').length : 200;

function compile({ text, kinds, sender, to }: Filter): (entry: Entry) => boolean {
  const wanted = text.trim().toLowerCase();
  return (entry) => {
    // That something is missing matters whatever is looked for.
    if (entry.type === 'gap') return true;
    if (!kinds.has(entry.kind)) return false;
    if (sender !== null && senderOf(entry) !== sender) return false;
    if (to !== null && targetOf(entry) !== to) return false;
    return wanted === '' || textOf(entry).includes(wanted);
  };
}

function textOf(entry: Entry): string {
  if (entry.type !== 'message') return (senderOf(entry) ?? '').toLowerCase();
  const { sender_id, channel, correlation_id, conversation_id, message_id, payload, excerpt } = entry.message;
  const ids = [sender_id, channel, correlation_id, conversation_id, message_id].join('\n');
  // And the words of its row: what is seen can be found.
  const words = summaryOf(entry.message);
  return `${ids}\n${words}\n${payload === null ? excerpt : JSON.stringify(payload)}`.toLowerCase();
}
