/** Longest text of one page of tasks or events, in characters, so that a reply fits into memory. */
export const MAX_PAGE_CHARS = 4_000_000;

/** The first rows that together keep within a size; at least one, where there is one. */
export function takeWithin<Row>(
  rows: Iterable<Row>,
  sizeOf: (row: Row) => number,
  maxSize = Number.POSITIVE_INFINITY,
): Row[] {
  const taken: Row[] = [];
  let size = 0;
  for (const row of rows) {
    size += sizeOf(row);
    if (taken.length > 0 && size > maxSize) break;
    taken.push(row);
  }
  return taken;
}
