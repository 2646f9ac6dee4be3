import type { LogBatch } from '@mad-group/bus';
import { type Envelope, MadError, mayRead, type Position, withoutInternalHeaders } from '@mad-group/protocol';
import type { Client } from './clients/client.ts';
import type { Gap } from './delivery/gaps.ts';
import { within } from './delivery/within.ts';
import type { Gateway } from './gateway.ts';
import { REBUILD_WAIT_MS } from './subscriptions.ts';

/** A reply beyond this holds fewer messages: Python's websockets takes frames up to 1 MiB. */
const MAX_REPLY_BYTES = 768 * 1024;
/** Entries of the log looked at in one batch. */
const BATCH = 500;
/** After so long without a match a poll by position answers with how far it has come, in ms. */
const SCAN_MS = 5000;
/** How long a poll waits for its turn to read the log, in milliseconds. */
const TURN_MS = 5000;
export const DEFAULT_LIMIT = 100;

export interface Polled {
  readonly messages: Envelope[];
  /** Messages lost to the bound of the queue before the first of these. */
  readonly dropped: number;
  /** Null before the bus was first seen. */
  readonly position: Position | null;
  readonly gaps: readonly Gap[];
  /** Of a read of the log: nothing was behind it. */
  readonly caughtUp?: boolean;
}

/** Takes what waits for a client, and waits up to `waitMs` where nothing does. */
export async function pollQueue(
  { fanOut }: Gateway,
  client: Client,
  { waitMs, signal }: { waitMs: number; signal: AbortSignal },
): Promise<Polled> {
  if (client.byPosition) {
    client.byPosition = false;
    client.moveTo(client.handed);
    fanOut.join(client, client.handed);
  }
  await within(fanOut.caughtUp(client), REBUILD_WAIT_MS, signal);
  const untilMs = performance.now() + waitMs;
  for (let leftMs = waitMs; leftMs > 0 && !client.hasNews; leftMs = untilMs - performance.now()) {
    signal.throwIfAborted();
    await client.changed(leftMs, signal);
  }
  // Who has gone away must not take what waits.
  signal.throwIfAborted();
  const { messages, dropped } = client.queue.take(MAX_REPLY_BYTES);
  const gaps = client.takeGaps();
  const served = fanOut.servedUpTo(client);
  const position = client.queue.length === 0 ? served : (messages.at(-1)?.position ?? client.handed);
  client.handed = position;
  client.unsaved = true;
  const envelopes = messages.flatMap((message) => message.parse() ?? []);
  return { messages: envelopes, dropped, position, gaps };
}

/** Reads the log from a time on, and tells where something of it is gone. */
export async function pollSince(
  gateway: Gateway,
  client: Client,
  { since, ...request }: { since: string; limit: number; waitMs: number; signal: AbortSignal },
): Promise<Polled> {
  const { position: after, trimmedTo } = await gateway.bus.findPlace({ sinceMs: Date.parse(since) });
  if (trimmedTo === null) return pollByPosition(gateway, client, { ...request, after });
  const polled = await pollByPosition(gateway, client, { ...request, after, waitMs: 0 });
  return { ...polled, gaps: [{ reason: 'trimmed', from: null, to: trimmedTo }, ...polled.gaps] };
}

/**
 * Reads the log behind a position as the client would have seen it; loses nothing.
 *
 * @throws MadError `bus_unavailable` where the bus is away, or where so many read that no turn came
 */
export async function pollByPosition(
  gateway: Gateway,
  client: Client,
  request: { after: Position; limit: number; waitMs: number; signal: AbortSignal },
): Promise<Polled> {
  if (!client.push && !client.byPosition) {
    client.byPosition = true;
    client.moveTo(request.after);
    gateway.fanOut.join(client, null);
  }
  const startedMs = performance.now();
  const untilMs = startedMs + request.waitMs;
  /** Also who does not wait for a message gets what lies in the log. */
  const scanUntilMs = startedMs + Math.max(request.waitMs, SCAN_MS);
  let { after } = request;
  for (;;) {
    // Listens before it looks: what comes in between is not missed.
    const listening = new AbortController();
    const leftMs = Math.max(0, untilMs - performance.now());
    const changed = client.changed(leftMs, AbortSignal.any([request.signal, listening.signal]));
    try {
      const polled = await readBehind(gateway, client, after, { ...request, scanUntilMs });
      const hasNews = polled.messages.length > 0 || polled.gaps.length > 0;
      // Where more lies in the log, to wait for what comes would be to sleep beside it.
      if (hasNews || leftMs === 0 || !polled.caughtUp) {
        if (client.byPosition) client.handed = polled.position;
        client.unsaved = true;
        return polled;
      }
      after = polled.position;
      await changed;
    } finally {
      listening.abort();
    }
  }
}

async function readBehind(
  gateway: Gateway,
  client: Client,
  after: Position,
  request: { limit: number; signal: AbortSignal; scanUntilMs: number },
): Promise<Polled & { readonly position: Position; readonly caughtUp: boolean }> {
  const { limit, signal, scanUntilMs } = request;
  const messages: Envelope[] = [];
  const gaps: Gap[] = [];
  const untilMs = Math.min(performance.now() + SCAN_MS, scanUntilMs);
  let bytes = 0;
  for (let position = after; ; ) {
    const batch = await readInTurn(gateway, client, position, signal);
    for (const item of batch.items) {
      if (item.kind === 'gap') {
        // Told at the head of the next reply, where it is met again.
        if (messages.length > 0) return { messages, dropped: 0, position, gaps, caughtUp: false };
        gaps.push({ reason: item.reason, from: item.from, to: item.to });
        continue;
      }
      if (!mayRead(client.owner, item.envelope)) continue;
      const envelope = withoutInternalHeaders(item.envelope);
      bytes += Buffer.byteLength(JSON.stringify(envelope));
      const isFull = messages.length === limit || (messages.length > 0 && bytes > MAX_REPLY_BYTES);
      if (isFull) return { messages, dropped: 0, position, gaps, caughtUp: false };
      messages.push(envelope);
      position = envelope.position;
    }
    const isOver = batch.caughtUp || messages.length === limit || performance.now() > untilMs;
    position = batch.position;
    if (isOver) return { messages, dropped: 0, position, gaps, caughtUp: batch.caughtUp };
  }
}

/** One batch of the log, in its turn; an aborted poll leaves its turn to others. */
async function readInTurn(
  { bus, turns }: Gateway,
  client: Client,
  from: Position,
  signal: AbortSignal,
): Promise<LogBatch> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooManyReaders()), TURN_MS);
  try {
    return await turns.take(
      () => bus.readOnce({ from, patterns: () => client.patterns, maxBatch: BATCH }),
      AbortSignal.any([signal, late.signal]),
    );
  } finally {
    clearTimeout(timer);
  }
}

const tooManyReaders = (): MadError =>
  new MadError('bus_unavailable', 'Too many clients read the log by position at this time: try again.', {
    retryAfterMs: 1000,
  });
