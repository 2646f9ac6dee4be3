import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Bus, PlaceSought } from '@mad-group/bus';
import {
  ALL_CHANNELS,
  type Caller,
  type ConsoleFrame,
  type ConsoleGroup,
  MadError,
  type Position,
} from '@mad-group/protocol';
import type { TrafficStore } from '../traffic-store.ts';
import { frameOf } from './frames.ts';
import type { LineWriter } from './line-writer.ts';

export interface BusStreamOptions {
  readonly bus: Pick<Bus, 'kind' | 'read' | 'findPlace' | 'status'>;
  readonly store: Pick<TrafficStore, 'connections'>;
  /** Asked at each batch. @throws MadError `unauthenticated` once the token is taken away */
  readonly authenticate: () => Caller;
  readonly from: Position | PlaceSought;
  readonly lines: LineWriter;
}

/**
 * Entries in one batch. It is in memory as long as the client does not take it, and an entry may have
 * 256 KiB: all readers that may be there, and all of them stuck, hold some 200 MiB.
 */
const MAX_BATCH = 25;
/** A line comes at least so often, in milliseconds: a reader that hears nothing knows that it is cut off. */
const IDLE_MS = 1000;
/** Once it has caught up, in milliseconds: what comes meanwhile goes out in one write. */
const GATHER_MS = 30;
/** How the group is, is looked up at most so often, in milliseconds. */
const GROUP_MS = 250;

/**
 * The log from a place on, as one caller may see it, until the client goes. Each client reads by
 * itself: what it does not take stays in the log, and nothing is dropped for it.
 */
export async function streamBus({ bus, store, authenticate, from, lines }: BusStreamOptions): Promise<void> {
  const { signal } = lines;
  const patterns = () => [ALL_CHANNELS];
  let told = '';
  let lookedUpMs = Number.NEGATIVE_INFINITY;

  function groupNow(): ConsoleGroup {
    const { connected, reason } = bus.status();
    return {
      bus: { kind: bus.kind, connected, ...(reason === undefined ? {} : { reason }) },
      connections: store.connections(),
    };
  }

  /** How the group is, where that is news. */
  function groupNews(): ConsoleFrame[] {
    if (performance.now() - lookedUpMs < GROUP_MS) return [];
    lookedUpMs = performance.now();
    const group = groupNow();
    const text = JSON.stringify(group);
    if (text === told) return [];
    told = text;
    return [{ type: 'group', ...group }];
  }

  /** Where to begin. While the bus is away nobody can know: the reader is told how the group is meanwhile. */
  async function findBegin(): Promise<Position> {
    if (typeof from === 'string') return from;
    for (;;) {
      try {
        return (await bus.findPlace(from)).position;
      } catch (error) {
        if (!(error instanceof MadError && error.code === 'bus_unavailable')) throw error;
        await lines.write([{ type: 'group', ...groupNow() }]);
      }
    }
  }

  await lines.write(groupNews());
  const begin = await findBegin();
  for await (const batch of bus.read({
    from: begin,
    patterns,
    signal,
    maxBatch: MAX_BATCH,
    idleMs: IDLE_MS,
  })) {
    const caller = authenticate();
    const frames = batch.items.map((item) => frameOf(item, caller));
    frames.push(...groupNews());
    frames.push({ type: 'position', position: batch.position, caught_up: batch.caughtUp });
    await lines.write(frames);
    // The signal cuts it short, and the loop's reader ends with the signal.
    if (batch.items.length > 0 && batch.caughtUp)
      await sleep(GATHER_MS, undefined, { signal }).catch(() => undefined);
    // A bus in memory never waits while there is more.
    else if (!batch.caughtUp) await nextTurn();
  }
}
