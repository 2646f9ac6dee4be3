import type { Position } from '@mad-group/protocol';

/** A piece of the log that is gone, as a client is told of it. */
export interface Gap {
  readonly reason: 'trimmed' | 'epoch';
  /** Null where it began before what the client asked for. */
  readonly from: Position | null;
  readonly to: Position;
}

/** Gaps that wait for a client, at most; past it the oldest become one. */
const MAX_GAPS = 10;

/** The same gaps, bounded: the two oldest become one that spans both, and what lies between. */
export function mergeGaps(gaps: readonly Gap[]): Gap[] {
  const [first, second, ...rest] = gaps;
  if (gaps.length <= MAX_GAPS || !first || !second) return [...gaps];
  const reason = first.reason === 'epoch' || second.reason === 'epoch' ? 'epoch' : 'trimmed';
  return mergeGaps([{ reason, from: first.from, to: second.to }, ...rest]);
}
