const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;

/** The text with every id alike: two texts that differ in nothing else become the same. */
export const withoutIds = (text: string): string => text.replaceAll(UUID, '<id>');

/** From ids of the recording to those that stand in their place now. */
export type IdMap = ReadonlyMap<string, string>;

/**
 * Pairs the ids of texts that say the same, in their order. Where one has more ids than the other,
 * nobody can say which belong together, and none of that text are paired.
 */
export function pairIds(texts: Iterable<readonly [recorded: string, present: string]>): IdMap {
  const pairs = new Map<string, string>();
  for (const [recorded, present] of texts) {
    const then = recorded.match(UUID) ?? [];
    const now = present.match(UUID) ?? [];
    if (then.length !== now.length) continue;
    for (const [index, id] of then.entries()) if (!pairs.has(id)) pairs.set(id, now[index] as string);
  }
  return pairs;
}

/** The text with the ids of now. */
export const withIdsOf = (ids: IdMap, text: string): string =>
  text.replaceAll(UUID, (id) => ids.get(id) ?? id);
