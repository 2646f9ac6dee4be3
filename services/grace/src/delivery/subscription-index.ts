import { ALL_CHANNELS } from '@mad-group/protocol';

/** Past so many distinct patterns the log is read unfiltered: to compile them would cost more than to parse. */
const MAX_UNION = 1000;

/**
 * Who subscribed to what. A look-up costs one step for the channel and one for each distinct length
 * of a prefix pattern, however many subscribers there are; only those concerned are visited.
 */
export class SubscriptionIndex<Subscriber> {
  readonly #exact = new Map<string, Set<Subscriber>>();
  /** Prefix patterns without their `*`, by length; `mad.#` is the empty prefix. */
  readonly #prefixes = new Map<number, Map<string, Set<Subscriber>>>();
  #patternCount = 0;

  add(pattern: string, subscriber: Subscriber): void {
    const prefix = prefixOf(pattern);
    const group = prefix === null ? this.#exact : this.#groupOf(prefix);
    const key = prefix ?? pattern;
    const subscribers = group.get(key);
    if (subscribers) {
      subscribers.add(subscriber);
    } else {
      group.set(key, new Set([subscriber]));
      this.#patternCount += 1;
    }
  }

  remove(pattern: string, subscriber: Subscriber): void {
    const prefix = prefixOf(pattern);
    const group = prefix === null ? this.#exact : this.#prefixes.get(prefix.length);
    const key = prefix ?? pattern;
    const subscribers = group?.get(key);
    if (!group || !subscribers?.delete(subscriber) || subscribers.size > 0) return;
    group.delete(key);
    this.#patternCount -= 1;
    if (prefix !== null && group.size === 0) this.#prefixes.delete(prefix.length);
  }

  /** The subscribers of a channel, each once. */
  match(channel: string): Iterable<Subscriber> {
    const found: Set<Subscriber>[] = [];
    const exact = this.#exact.get(channel);
    if (exact) found.push(exact);
    for (const [length, group] of this.#prefixes) {
      if (length > channel.length) continue;
      const subscribers = group.get(channel.slice(0, length));
      if (subscribers) found.push(subscribers);
    }
    const [only] = found;
    if (only === undefined) return [];
    return found.length === 1 ? only : new Set(found.flatMap((subscribers) => [...subscribers]));
  }

  /** Patterns that together let through every channel that someone subscribed to. */
  union(): Iterable<string> {
    if (this.#patternCount > MAX_UNION || this.#prefixes.has(0)) return [ALL_CHANNELS];
    const prefixes = [...this.#prefixes.values()].flatMap((group) => [...group.keys()]);
    return [...this.#exact.keys(), ...prefixes.map((prefix) => `${prefix}*`)];
  }

  #groupOf(prefix: string): Map<string, Set<Subscriber>> {
    const group = this.#prefixes.get(prefix.length);
    if (group) return group;
    const added = new Map<string, Set<Subscriber>>();
    this.#prefixes.set(prefix.length, added);
    return added;
  }
}

function prefixOf(pattern: string): string | null {
  if (pattern === ALL_CHANNELS) return '';
  return pattern.endsWith('*') ? pattern.slice(0, -1) : null;
}
