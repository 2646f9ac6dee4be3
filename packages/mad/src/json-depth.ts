const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/**
 * Whether arrays and objects are nested deeper than `limit`. Without recursion: it is asked about
 * values whose nesting would break one.
 */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let containers = [value].filter(isContainer);
  for (let depth = 0; containers.length > 0; depth += 1) {
    if (depth === limit) return true;
    containers = containers.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return false;
}
