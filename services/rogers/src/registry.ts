import type { Connection } from '@mad-group/protocol';

/** Silence after which a MAD is STALE, in milliseconds. */
export const STALE_AFTER_MS = 60_000;
/** Silence after which a MAD is DISCONNECTED, in milliseconds. */
export const DISCONNECTED_AFTER_MS = 300_000;
/** Instances of one MAD that are remembered; the longest silent are forgotten past it. */
const MAX_INSTANCES = 100;

export type ConnectionStatus = Connection['status'];

/** What Rogers knows of one MAD. Never changed in place. */
export interface MadRecord {
  readonly madId: string;
  readonly status: ConnectionStatus;
  /** Log time of its first message since it was last DISCONNECTED, in milliseconds since 1970. */
  readonly connectedAtMs: number;
  /** Log time of its newest message. */
  readonly lastSeenMs: number;
  /** Instance ids from its heartbeats, each with the log time of its newest beat. */
  readonly instances: ReadonlyMap<string, number>;
}

/** A message of a MAD, as far as the registry cares. */
export interface Word {
  readonly madId: string;
  /** Time of its log entry, in milliseconds since 1970. */
  readonly timeMs: number;
  /** Where the message is a heartbeat of this MAD. */
  readonly beat?: { readonly instanceId: string; readonly goodbye: boolean } | undefined;
}

const NO_INSTANCES: ReadonlyMap<string, number> = new Map();

/**
 * The record after one more message: CONNECTED at the first, HEALTHY from the second, DISCONNECTED
 * at the goodbye of the last instance, HEALTHY again at any message after that.
 *
 * @param silenceFromMs silence counts from here at the earliest; see `log-progress.ts`
 */
export function heard(record: MadRecord | undefined, word: Word, silenceFromMs: number): MadRecord {
  const { madId, timeMs, beat } = word;
  const before = record?.instances ?? NO_INSTANCES;
  const instances = beat === undefined ? before : instancesAfter(before, beat, timeMs, silenceFromMs);
  const left = beat?.goodbye === true && instances.size === 0;
  if (record === undefined) {
    const status = left ? 'DISCONNECTED' : 'CONNECTED';
    return { madId, status, connectedAtMs: timeMs, lastSeenMs: timeMs, instances };
  }
  const cameBack = record.status === 'DISCONNECTED' && !left;
  return {
    madId,
    status: left ? 'DISCONNECTED' : 'HEALTHY',
    connectedAtMs: cameBack ? timeMs : record.connectedAtMs,
    lastSeenMs: timeMs,
    instances,
  };
}

/** An instance that was killed says no goodbye: one that has been silent too long does not count. */
function instancesAfter(
  before: ReadonlyMap<string, number>,
  beat: NonNullable<Word['beat']>,
  timeMs: number,
  silenceFromMs: number,
): ReadonlyMap<string, number> {
  const alive = [...before].filter(
    ([id, beatMs]) => id !== beat.instanceId && timeMs - Math.max(beatMs, silenceFromMs) < STALE_AFTER_MS,
  );
  if (!beat.goodbye) alive.push([beat.instanceId, timeMs]);
  return new Map(alive.slice(-MAX_INSTANCES));
}

/**
 * The record after a look at its silence. The same object where nothing changes; never better than
 * before, since only a message makes a MAD healthy.
 *
 * @param nowMs how far the log is known to have been written
 * @param silenceFromMs silence counts from here at the earliest
 */
export function judged(record: MadRecord, nowMs: number, silenceFromMs: number): MadRecord {
  if (record.status === 'DISCONNECTED') return record;
  const silentMs = nowMs - Math.max(record.lastSeenMs, silenceFromMs);
  if (silentMs >= DISCONNECTED_AFTER_MS) {
    return { ...record, status: 'DISCONNECTED', instances: NO_INSTANCES };
  }
  return silentMs >= STALE_AFTER_MS && record.status !== 'STALE' ? { ...record, status: 'STALE' } : record;
}
