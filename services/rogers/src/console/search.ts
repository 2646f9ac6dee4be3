import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bus } from '@mad-group/bus';
import {
  ALL_CHANNELS,
  type Caller,
  type ConsoleFrame,
  type Position,
  positionTimeMs,
} from '@mad-group/protocol';
import { frameOf } from './frames.ts';
import type { LineWriter } from './line-writer.ts';

export interface SearchOptions {
  readonly bus: Pick<Bus, 'findPlace' | 'readOnce'>;
  readonly caller: Caller;
  readonly correlationId: string;
  /** Searched from this time on, in milliseconds since 1970; null: from the log's beginning. */
  readonly sinceMs: number | null;
  readonly lines: LineWriter;
}

/** Entries looked at between two looks at whether anyone still waits; so many are in memory meanwhile. */
const BATCH = 50;
/** Where nothing is found, how far the search has come is told at most so often, in milliseconds. */
const PROGRESS_MS = 200;

/**
 * Every message of one correlation id from a time on to the end of the log, of those that the caller
 * may read; then how far it went.
 *
 * @throws MadError `bus_unavailable`
 */
export async function searchLog({
  bus,
  caller,
  correlationId,
  sinceMs,
  lines,
}: SearchOptions): Promise<void> {
  let next: Position | 'start' = sinceMs === null ? 'start' : (await bus.findPlace({ sinceMs })).position;
  let searchedFrom: string | null = null;
  let toldMs = performance.now();
  for (;;) {
    lines.signal.throwIfAborted();
    const batch = await bus.readOnce({ from: next, patterns: () => [ALL_CHANNELS], maxBatch: BATCH });
    const frames: ConsoleFrame[] = [];
    for (const item of batch.items) {
      if (item.kind === 'gap') continue;
      searchedFrom ??= new Date(positionTimeMs(item.envelope.position)).toISOString();
      if (item.envelope.correlation_id !== correlationId) continue;
      const frame = frameOf(item, caller);
      if (frame.type === 'message') frames.push(frame);
    }
    if (frames.length > 0 || performance.now() - toldMs > PROGRESS_MS) {
      toldMs = performance.now();
      await lines.write([...frames, { type: 'position', position: batch.position, caught_up: false }]);
    }
    if (batch.caughtUp || batch.position === next) break;
    next = batch.position;
    // A bus in memory never waits: without this nobody else would be served until the search is over.
    await nextTurn();
  }
  await lines.write([{ type: 'end', searched_from: searchedFrom }]);
}
