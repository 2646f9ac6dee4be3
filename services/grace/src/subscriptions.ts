import { type Caller, type ClientConnection, MadError, type Position } from '@mad-group/protocol';
import { within } from './delivery/within.ts';
import type { Gateway } from './gateway.ts';

/** Patterns of one client, at most. */
const MAX_PATTERNS = 1000;
/** Longest pattern, as long as a channel may be, in characters. */
const MAX_PATTERN_LENGTH = 512;
/** All patterns of one client together, in characters: its record on the bus holds them. */
const MAX_PATTERN_TEXT = 32 * 1024;
/** How long a call waits for a queue that is being rebuilt, in milliseconds. */
export const REBUILD_WAIT_MS = 5000;

export interface Subscription {
  readonly clientId: string;
  readonly topics: readonly string[];
  readonly caller: Caller;
  readonly signal: AbortSignal;
  /** The connection to push over from now on, or null to end a push; undefined leaves it as it is. */
  readonly push?: ClientConnection | null | undefined;
  /** Where to begin instead of now: everything that waits is forgotten, the log is read again. */
  readonly after?: Position | undefined;
}

/**
 * Adds patterns to a client, which is made where there is none.
 *
 * @returns the position behind which messages are delivered; null before the bus was first seen
 * @throws MadError `invalid_input` past the bounds of patterns, `not_found` where the client is
 *   another caller's, `too_many_clients`, `bus_unavailable`
 */
export async function subscribe(gateway: Gateway, request: Subscription): Promise<Position | null> {
  const { clients, fanOut, push, keeper } = gateway;
  checkPatterns(request.topics);
  // Before the await below: a new client gets what is published from here on.
  const asked = fanOut.position;
  const found = await clients.find(request.clientId, request.caller);
  // A new pattern begins now, not where a queue is still being rebuilt from.
  await within(found ? fanOut.caughtUp(found) : fanOut.begun, REBUILD_WAIT_MS, request.signal);
  const patterns = new Set([...(found?.patterns ?? []), ...request.topics]);
  checkPatterns(patterns);
  const client = found && clients.isHeld(found) ? found : clients.add(request.clientId, request.caller);
  // Others may have subscribed for the same client meanwhile.
  checkPatterns(new Set([...client.patterns, ...patterns]));

  const isNew = found !== client && client.patterns.size === 0;
  if (request.push === null) push.detach(client);
  const grows = [...patterns].some((pattern) => !client.patterns.has(pattern));
  const queueAgain = client.byPosition && Boolean(request.push);
  for (const pattern of patterns) client.patterns.add(pattern);
  const from =
    request.after ?? (queueAgain ? client.handed : ((isNew ? asked : null) ?? fanOut.servedUpTo(client)));
  if (request.after !== undefined) client.moveTo(request.after);
  if (queueAgain) client.byPosition = false;
  if (request.push) push.attach(client, request.push);
  if (isNew || grows || queueAgain || request.after !== undefined) {
    // The log is the queue of a client that polls by position: nothing is read ahead for it.
    fanOut.join(client, client.byPosition ? null : from);
  }
  if (isNew) client.handed = from;
  await keeper.save(client);
  gateway.showSize();
  return from;
}

/**
 * Ends subscriptions: some, or all of the client's. A client without any is forgotten, with what
 * waited for it.
 *
 * @returns how many patterns ended
 * @throws MadError `not_found` where the client is another caller's, `bus_unavailable`
 */
export async function unsubscribe(
  gateway: Gateway,
  request: { clientId: string; topics?: readonly string[] | undefined; caller: Caller },
): Promise<number> {
  const { clients, fanOut, keeper, records } = gateway;
  const client = await clients.find(request.clientId, request.caller);
  if (!client) return 0;
  const ending = new Set(request.topics ?? client.patterns);
  let ended = 0;
  for (const pattern of ending) {
    if (!client.patterns.delete(pattern)) continue;
    fanOut.removePattern(client, pattern);
    ended += 1;
  }
  if (client.patterns.size > 0) {
    await keeper.save(client);
  } else {
    clients.release(client);
    await records.delete(client.id);
    gateway.showSize();
  }
  return ended;
}

/** @throws MadError `invalid_input` */
function checkPatterns(patterns: Iterable<string>): void {
  let count = 0;
  let characters = 0;
  for (const pattern of patterns) {
    count += 1;
    characters += pattern.length;
    if (pattern.length > MAX_PATTERN_LENGTH) {
      throw new MadError(
        'invalid_input',
        `Each of 'topics' may have at most ${MAX_PATTERN_LENGTH} characters.`,
      );
    }
  }
  if (count > MAX_PATTERNS || characters > MAX_PATTERN_TEXT) {
    throw new MadError(
      'invalid_input',
      `A client may have at most ${MAX_PATTERNS} topics with ${MAX_PATTERN_TEXT} characters in all: ` +
        "use a prefix with a trailing *, or end some with 'grace_unsubscribe'.",
    );
  }
}
