import { ALL_CHANNELS } from '@mad-group/protocol';

/** Past so many distinct patterns the log is read unfiltered: to compile them would cost more than to parse. */
const MAX_UNION = 1000;

/**
 * Who subscribed to what. A look-up costs one step for the channel and one for each distinct length
 * of a prefix pattern, however many subscribers there are; only those concerned are visited.
 */
export class SubscriptionIndex<Subscriber> {
  readonly #all = new Set<Subscriber>();
  readonly #exact = new Map<string, Set<Subscriber>>();
  /** Prefix patterns without their `*`, by length. */
  readonly #prefixes = new Map<number, Map<string, Set<Subscriber>>>();

  add(pattern: string, subscriber: Subscriber): void {
    if (pattern === ALL_CHANNELS) {
      this.#all.add(subscriber);
    } else if (!pattern.endsWith('*')) {
      addTo(this.#exact, pattern, subscriber);
    } else {
      const prefix = pattern.slice(0, -1);
      const group = this.#prefixes.get(prefix.length) ?? new Map<string, Set<Subscriber>>();
      this.#prefixes.set(prefix.length, group);
      addTo(group, prefix, subscriber);
    }
  }

  remove(pattern: string, subscriber: Subscriber): void {
    if (pattern === ALL_CHANNELS) {
      this.#all.delete(subscriber);
    } else if (!pattern.endsWith('*')) {
      removeFrom(this.#exact, pattern, subscriber);
    } else {
      const prefix = pattern.slice(0, -1);
      const group = this.#prefixes.get(prefix.length);
      if (!group) return;
      removeFrom(group, prefix, subscriber);
      if (group.size === 0) this.#prefixes.delete(prefix.length);
    }
  }

  /** The subscribers of a channel, each once. */
  match(channel: string): Iterable<Subscriber> {
    const found: Set<Subscriber>[] = [];
    if (this.#all.size > 0) found.push(this.#all);
    const exact = this.#exact.get(channel);
    if (exact) found.push(exact);
    for (const [length, group] of this.#prefixes) {
      const subscribers = length > channel.length ? undefined : group.get(channel.slice(0, length));
      if (subscribers) found.push(subscribers);
    }
    const [only] = found;
    if (only === undefined) return [];
    return found.length === 1 ? only : new Set(found.flatMap((subscribers) => [...subscribers]));
  }

  /** Patterns that together let through every channel that someone subscribed to. */
  union(): readonly string[] {
    const groups = [...this.#prefixes.values()];
    const count = groups.reduce((sum, group) => sum + group.size, this.#exact.size);
    if (this.#all.size > 0 || count > MAX_UNION) return [ALL_CHANNELS];
    const prefixes = groups.flatMap((group) => [...group.keys()]);
    return [...this.#exact.keys(), ...prefixes.map((prefix) => `${prefix}*`)];
  }
}

function addTo<Subscriber>(group: Map<string, Set<Subscriber>>, key: string, subscriber: Subscriber): void {
  const subscribers = group.get(key);
  if (subscribers) subscribers.add(subscriber);
  else group.set(key, new Set([subscriber]));
}

function removeFrom<Subscriber>(
  group: Map<string, Set<Subscriber>>,
  key: string,
  subscriber: Subscriber,
): void {
  const subscribers = group.get(key);
  if (subscribers?.delete(subscriber) && subscribers.size === 0) group.delete(key);
}
