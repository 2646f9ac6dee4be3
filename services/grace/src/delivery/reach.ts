import { comparePlaces, type Position, parsePosition } from '@mad-group/protocol';

/** Whether `position` is at or behind `other` in the same life of the log. False across epochs. */
export function hasReached(position: Position, other: Position): boolean {
  const a = parsePosition(position);
  const b = parsePosition(other);
  return a.epoch === b.epoch && comparePlaces(a.place, b.place) >= 0;
}
