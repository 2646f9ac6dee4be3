import type { IncomingMessage } from 'node:http';
import type { Bus, PlaceSought } from '@mad-group/bus';
import {
  ALL_CHANNELS,
  type Caller,
  type Envelope,
  MadError,
  mayRead,
  type Position,
  PositionSchema,
  positionBefore,
  withoutInternalHeaders,
} from '@mad-group/protocol';

/** Messages that a console begins with, where it does not say. */
const DEFAULT_NEWEST = 1000;
const MAX_NEWEST = 20_000;

const queryOf = (request: IncomingMessage): URLSearchParams =>
  new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '');

/** Where a console begins to read: `?after=POSITION`, `?from=POSITION` with that one, or `?newest=NUMBER`. */
export function streamFrom(request: IncomingMessage): Position | PlaceSought {
  const query = queryOf(request);
  const after = query.get('after');
  if (after !== null) return position(after, 'after');
  const from = query.get('from');
  if (from !== null) return positionBefore(position(from, 'from'));
  return { newest: number(query, 'newest', MAX_NEWEST) ?? DEFAULT_NEWEST };
}

/** What is searched: `?correlation_id=ID`, from `&since_ms=TIME` on, else from the start of the log. */
export function searchOf(request: IncomingMessage): { correlationId: string; sinceMs: number | null } {
  const query = queryOf(request);
  const correlationId = query.get('correlation_id');
  if (!correlationId) throw new MadError('invalid_input', "'correlation_id' is required.");
  return { correlationId, sinceMs: number(query, 'since_ms', Number.MAX_SAFE_INTEGER) ?? null };
}

/**
 * One whole message, `?position=POSITION`.
 *
 * @throws MadError `invalid_input`, `not_found`, `bus_unavailable`
 */
export async function messageAt(
  bus: Pick<Bus, 'readOnce'>,
  request: IncomingMessage,
  caller: Caller,
): Promise<Envelope> {
  const wanted = position(queryOf(request).get('position') ?? '', 'position');
  const from = positionBefore(wanted);
  const { items } = await bus.readOnce({ from, patterns: () => [ALL_CHANNELS], maxBatch: 1 });
  for (const item of items) {
    if (item.kind !== 'message' || item.envelope.position !== wanted) continue;
    // Whether it is there at all is its owner's business too.
    if (mayRead(caller, item.envelope)) return withoutInternalHeaders(item.envelope);
  }
  throw new MadError('not_found', 'The log has no such message any more, or it is another caller’s.');
}

function position(value: string, name: string): Position {
  const parsed = PositionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MadError('invalid_input', `'${name}' must be a position, as a message carries it.`);
}

function number(query: URLSearchParams, name: string, max: number): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const parsed = Number(value);
  if (/^\d{1,16}$/.test(value) && parsed <= max) return parsed;
  throw new MadError('invalid_input', `'${name}' must be a whole number from 0 to ${max}.`);
}
