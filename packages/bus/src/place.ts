/**
 * A place is `{ms}-{number}`: the entry's time, and its number in its epoch, counted from 1 without
 * gaps. The number is what makes a hole visible: the entry behind place `…-41` is `…-42`, or
 * something is gone.
 */
export const placeNumber = (place: string): number => Number(place.slice(place.indexOf('-') + 1));

/** Time of the entry at a place, in milliseconds since 1970. */
export const placeMs = (place: string): number => Number(place.slice(0, place.indexOf('-')));

/** Before the first entry. */
const FIRST_PLACE = '0-0';

/** The place from which the entry at this one is the next. */
export function placeBefore(place: string): string {
  const number = placeNumber(place);
  return number === 1 ? FIRST_PLACE : `${placeMs(place)}-${number - 1}`;
}
