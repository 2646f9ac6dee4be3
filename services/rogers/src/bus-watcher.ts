import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, LogBatch } from '@mad-group/bus';
import { type Lifecycle, retrying } from '@mad-group/mad';
import { ALL_CHANNELS, type Clock, type Logger, systemClock } from '@mad-group/protocol';
import { type BatchTally, type Gap, tallyBatch, type WatchState } from './batch-tally.ts';
import { nothingRead } from './log-progress.ts';
import { judged, type MadRecord } from './registry.ts';
import { MAX_MADS, overflow } from './registry-bound.ts';
import type { TrafficLog } from './traffic-log.ts';
import type { TrafficMetrics } from './traffic-metrics.ts';
import type { TrafficStore } from './traffic-store.ts';

export interface BusWatcherOptions {
  readonly bus: Pick<Bus, 'kind' | 'read' | 'adoptForeign' | 'status'>;
  readonly store: Pick<TrafficStore, 'load' | 'commit' | 'forget'>;
  readonly metrics: TrafficMetrics;
  readonly trafficLog: TrafficLog;
  readonly log: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Milliseconds that only go forward, for durations. Default: the process's. */
  readonly monotonic?: Clock;
  /** MADs in the registry, at most. Default: {@link MAX_MADS}. */
  readonly maxMads?: number;
}

export interface BusWatcher extends Lifecycle {
  /** Retention has deleted the MADs that were gone by then: they are forgotten here, too. */
  forgetBefore(timeMs: number): void;
}

/** Entries in one transaction: enough that a commit costs little, few enough that the largest fit into memory. */
const MAX_BATCH = 500;
const IDLE_MS = 1000;
/** Once it has caught up, in milliseconds: what comes meanwhile shares a commit and its sync. */
const GATHER_MS = 50;
/**
 * A batch that took longer than this to come tells nothing about now: the process stood still, and
 * "nothing new" may have been true long ago.
 */
const ATTENTION_MS = 3000;
const RETRY = { firstPauseMs: 500, longestPauseMs: 30_000 };

/**
 * Reads the whole log from the stored position. What a batch adds and its position are committed
 * together, so each entry is counted once whatever was interrupted. MADs are judged only at a
 * batch with nothing behind it, read without delay from a connected bus.
 */
export function createBusWatcher(options: BusWatcherOptions): BusWatcher {
  const { bus, store, metrics, trafficLog, log, clock = systemClock, maxMads = MAX_MADS } = options;
  const monotonic = options.monotonic ?? { now: () => performance.now() };
  let connections = new Map<string, MadRecord>();
  let running: { abort: AbortController; done: Promise<unknown> } | undefined;

  async function watch(signal: AbortSignal, worked: () => void): Promise<void> {
    const stored = store.load();
    metrics.restore();
    metrics.connections(stored.connections.values());
    connections = new Map(stored.connections);
    let { progress, position } = stored;
    let batchAtMs = monotonic.now();
    const batches = bus.read({
      name: 'traffic',
      from: position ?? 'start',
      patterns: () => [ALL_CHANNELS],
      signal,
      maxBatch: MAX_BATCH,
      idleMs: IDLE_MS,
    });
    for await (const batch of batches) {
      const elapsedMs = monotonic.now() - batchAtMs;
      batchAtMs += elapsedMs;
      const attentive = batch.caughtUp && elapsedMs <= ATTENTION_MS && bus.status().connected;
      const tally = tallyBatch(batch, { connections, progress }, bus.kind);
      const change = attentive
        ? judgeAll(tally, connections, batch.items.length === 0 ? elapsedMs : 0)
        : tally;
      const news = batch.items.length > 0 || change.connections.size > 0 || batch.position !== position;
      if (news) {
        store.commit(change, batch.position, new Date(clock.now()));
        tell(batch, change, connections, tally.connections);
      }
      for (const [madId, record] of change.connections) connections.set(madId, record);
      bound();
      progress = change.progress;
      position = batch.position;
      if (news) metrics.connections(connections.values());
      worked();
      if (batch.items.length === 0 || !batch.caughtUp) continue;
      // The signal cuts it short, and the loop's reader ends with the signal.
      await sleep(GATHER_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  function bound(): void {
    const madIds = overflow(connections, maxMads);
    if (madIds.length === 0) return;
    store.forget(madIds);
    for (const madId of madIds) connections.delete(madId);
    log.warn({ forgotten: madIds.length, max: maxMads }, 'More names on the bus than the registry holds');
  }

  function tell(
    batch: LogBatch,
    change: BatchTally,
    before: ReadonlyMap<string, MadRecord>,
    spoken: ReadonlyMap<string, MadRecord>,
  ): void {
    metrics.add(change);
    for (const gap of change.gaps) logGap(gap);
    for (const item of batch.items) {
      if (item.kind === 'message') trafficLog.note(item.envelope.sender_id, item.envelope.channel);
    }
    for (const record of change.connections.values()) {
      // What differs from what its own messages made of it comes from its silence.
      logStatus(record, before.get(record.madId), record !== spoken.get(record.madId));
    }
  }

  function logGap(gap: Gap): void {
    const facts = { reason: gap.reason, from: gap.from, to: gap.to };
    if (gap.reason === 'trimmed') {
      log.warn(facts, 'A piece of the log was trimmed before it was read; its messages are not counted');
    } else if (gap.reason === 'restart') {
      log.info(facts, 'The memory bus began anew; counting goes on with it');
    } else {
      log.warn(facts, 'The log began anew; what was left unread of the one before is not counted');
    }
  }

  function logStatus(record: MadRecord, before: MadRecord | undefined, silent: boolean): void {
    if (record.status === before?.status) return;
    const facts = { mad_id: record.madId, from: before?.status ?? null, to: record.status };
    const words = `Connection status for '${record.madId}' changed to ${record.status}`;
    if (silent) log.warn({ ...facts, reason: 'silence' }, words);
    else log.info(record.status === 'DISCONNECTED' ? { ...facts, reason: 'goodbye' } : facts, words);
  }

  return {
    forgetBefore(timeMs) {
      for (const { madId, status, lastSeenMs } of connections.values()) {
        if (status === 'DISCONNECTED' && lastSeenMs < timeMs) connections.delete(madId);
      }
      metrics.connections(connections.values());
    },
    async start() {
      if (running) return;
      const abort = new AbortController();
      const { signal } = abort;
      const reading = retrying({ ...RETRY, signal, log, failure: 'Reading the log failed' }, (worked) =>
        watch(signal, worked),
      );
      const adopting = retrying({ ...RETRY, signal, log, failure: 'Taking up foreign messages failed' }, () =>
        bus.adoptForeign(signal),
      );
      running = { abort, done: Promise.all([reading, adopting]) };
    },
    async stop() {
      running?.abort.abort();
      await running?.done;
      running = undefined;
    },
  };
}

/** What the batch changed, and what a look at everyone's silence changes beside it. */
function judgeAll(tally: BatchTally, before: WatchState['connections'], idleMs: number): BatchTally {
  const progress = nothingRead(tally.progress, idleMs);
  if (progress.atMs === null) return tally;
  const connections = new Map(tally.connections);
  for (const known of before.values()) {
    const record = connections.get(known.madId) ?? known;
    const next = judged(record, progress.atMs, progress.silenceFromMs);
    if (next !== record) connections.set(next.madId, next);
  }
  return { ...tally, connections, progress };
}
