/** Dead places at the head of the array that are worth moving the rest for. */
const COMPACT_AT = 1024;

/** A list that grows at its end and is cut at its beginning, both at no cost that grows with it. */
export class SlidingList<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  at(index: number): Item | undefined {
    return index < 0 ? undefined : this.#items[this.#head + index];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    // What is gone must not be held by a list that has forgotten it.
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  slice(from = 0, to = this.length): Item[] {
    return this.#items.slice(this.#head + Math.max(0, from), this.#head + Math.max(0, to)) as Item[];
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
