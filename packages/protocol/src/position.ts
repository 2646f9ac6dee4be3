import { z } from 'zod';

const POSITION = /^([A-Za-z0-9-]{1,64}):(\d{1,16}-\d{1,16})$/;

export const PositionSchema = z
  .string({ error: 'must be a position, as a message carries it' })
  .regex(POSITION, 'must be a position, as a message carries it')
  .brand<'Position'>();

/**
 * Where an entry stands in the log: `{epoch}:{ms}-{n}`. The epoch names one life of the log; within
 * it places grow. `ms` is the entry's time, in milliseconds since 1970, as the log saw it.
 * Opaque to callers, who hand back what they were given.
 */
export type Position = z.infer<typeof PositionSchema>;

export interface PositionParts {
  readonly epoch: string;
  /** `{ms}-{n}`, as a Redis stream id. */
  readonly place: string;
}

export const formatPosition = (parts: PositionParts): Position => `${parts.epoch}:${parts.place}` as Position;

/** @throws TypeError where the text is no position. */
export function parsePosition(position: string): PositionParts {
  const match = POSITION.exec(position);
  if (!match) throw new TypeError(`not a position: ${position.slice(0, 100)}`);
  return { epoch: match[1] as string, place: match[2] as string };
}

/** Negative, zero or positive as `a` stands before, at or after `b`. Both of one epoch. */
export function comparePlaces(a: string, b: string): number {
  const [aMs, aN] = splitPlace(a);
  const [bMs, bN] = splitPlace(b);
  return aMs - bMs || aN - bN;
}

/** Time of the entry at this position, in milliseconds since 1970. */
export function positionTimeMs(position: Position): number {
  // Asked for each entry of the log; a Position was looked at when it came to be one.
  const start = position.lastIndexOf(':') + 1;
  return Number(position.slice(start, position.indexOf('-', start)));
}

/** The place just before an entry's, within its epoch: what is read from there begins with the entry. */
export function positionBefore(position: Position): Position {
  const { epoch, place } = parsePosition(position);
  const [ms, number] = splitPlace(place);
  return formatPosition({ epoch, place: number <= 1 ? '0-0' : `${ms}-${number - 1}` });
}

function splitPlace(place: string): [number, number] {
  const dash = place.indexOf('-');
  return [Number(place.slice(0, dash)), Number(place.slice(dash + 1))];
}
