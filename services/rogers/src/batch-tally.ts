import type { Bus, LogBatch, LogItem } from '@mad-group/bus';
import {
  type Envelope,
  HEARTBEAT_CHANNEL,
  HeartbeatSchema,
  positionTimeMs,
  topicPattern,
  UNKNOWN_SENDER,
} from '@mad-group/protocol';
import { createHourFormatter } from './hours.ts';
import { entryRead, gapRead, type LogProgress } from './log-progress.ts';
import { heard, type MadRecord, type Word } from './registry.ts';

/** Rogers watches the others; its own messages are counted, but it is not in its registry. */
const OWN_ID = 'rogers';
/** A longer sender id is cut to this in every table, or one message could fill them. */
const MAX_SENDER_LENGTH = 256;

interface HourlyCount {
  readonly hour: string;
  readonly senderId: string;
  readonly topicPattern: string;
  count: number;
}

type LogGap = Extract<LogItem, { kind: 'gap' }>;

/** A piece of the log that is gone. `restart`: a `memory` bus began anew with its process, as it always does. */
export interface Gap extends Omit<LogGap, 'reason'> {
  readonly reason: LogGap['reason'] | 'restart';
}

/** What Rogers has read so far. */
export interface WatchState {
  readonly connections: ReadonlyMap<string, MadRecord>;
  readonly progress: LogProgress;
}

/** What a batch adds. */
export interface BatchTally {
  readonly counts: readonly HourlyCount[];
  /** Messages that first-generation clients published without the log, by sender. */
  readonly foreign: ReadonlyMap<string, number>;
  readonly gaps: readonly Gap[];
  /** Records that the batch changed. */
  readonly connections: Map<string, MadRecord>;
  readonly progress: LogProgress;
}

/** Counts a batch and follows the registry through it. The state is left as it is. */
export function tallyBatch(
  batch: Pick<LogBatch, 'items'>,
  state: WatchState,
  bus: Bus['kind'] = 'redis',
): BatchTally {
  const counts = new Map<string, HourlyCount>();
  const foreign = new Map<string, number>();
  const gaps: Gap[] = [];
  const connections = new Map<string, MadRecord>();
  /** Most entries of a batch share a few channels. */
  const patterns = new Map<string, string>();
  const hourOf = createHourFormatter();
  let { progress } = state;

  for (const item of batch.items) {
    if (item.kind === 'gap') {
      gaps.push(bus === 'memory' && item.reason === 'epoch' ? { ...item, reason: 'restart' } : item);
      progress = gapRead(progress);
      continue;
    }
    const timeMs = positionTimeMs(item.envelope.position);
    progress = entryRead(progress, timeMs);
    const { channel, sender_id: sender } = item.envelope;
    const senderId = sender.length > MAX_SENDER_LENGTH ? sender.slice(0, MAX_SENDER_LENGTH) : sender;
    let pattern = patterns.get(channel);
    if (pattern === undefined) {
      pattern = topicPattern(channel);
      patterns.set(channel, pattern);
    }
    const hour = hourOf(timeMs);
    // Hour and pattern hold no space, so the key cannot be read in two ways.
    const key = `${hour} ${pattern} ${senderId}`;
    const known = counts.get(key);
    if (known) known.count += 1;
    else counts.set(key, { hour, senderId, topicPattern: pattern, count: 1 });
    if (item.foreign) foreign.set(senderId, (foreign.get(senderId) ?? 0) + 1);
    if (senderId === OWN_ID || senderId === UNKNOWN_SENDER) continue;
    const record = connections.get(senderId) ?? state.connections.get(senderId);
    const word = { madId: senderId, timeMs, beat: beatOf(item.envelope) };
    connections.set(senderId, heard(record, word, progress.silenceFromMs));
  }
  return { counts: [...counts.values()], foreign, gaps, connections, progress };
}

/** Only a MAD's own heartbeat speaks for its instances. */
function beatOf(envelope: Envelope): Word['beat'] {
  if (envelope.channel !== HEARTBEAT_CHANNEL) return undefined;
  const parsed = HeartbeatSchema.safeParse(envelope.payload);
  if (!parsed.success || parsed.data.mad_id !== envelope.sender_id) return undefined;
  return { instanceId: parsed.data.instance_id, goodbye: parsed.data.health === 'STOPPING' };
}
