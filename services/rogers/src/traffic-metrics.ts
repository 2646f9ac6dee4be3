import type { MadMetrics } from '@mad-group/mad';
import { CONNECTION_STATUSES } from '@mad-group/protocol';
import type { BatchTally } from './batch-tally.ts';
import type { MadRecord } from './registry.ts';
import type { TrafficStore } from './traffic-store.ts';

/** The stored counts as Prometheus metrics. */
export interface TrafficMetrics {
  /** Brings the counters to what is stored. Idempotent. */
  restore(): void;
  /** Adds a batch that was committed. */
  add(tally: BatchTally): void;
  /** Age of the newest entry when it was read. */
  lag(lagMs: number): void;
  connections(records: Iterable<MadRecord>): void;
}

/** Senders with counters of their own; any further one counts under this name. */
export const OTHER_SENDERS = 'other_senders';

/**
 * Counters are restored from `message_totals`, which retention leaves alone. A scrape sees what is
 * committed, since a batch is added after its commit.
 *
 * @param maxSenders bound of the `sender_id` label: any client can make up names, and each costs
 *   memory here and in Prometheus for ever
 */
export function createTrafficMetrics(
  metrics: MadMetrics,
  store: Pick<TrafficStore, 'totals' | 'foreignTotal' | 'gapTotals'>,
  maxSenders = 2000,
): TrafficMetrics {
  const senders = new Set<string>();
  let restored = false;

  function count(senderId: string, topicPattern: string, amount: number): void {
    if (senders.size < maxSenders) senders.add(senderId);
    const label = senders.has(senderId) ? senderId : OTHER_SENDERS;
    metrics.count('mad_bus_messages_total', { sender_id: label, topic_pattern: topicPattern }, amount);
  }
  function gap(reason: string, amount: number): void {
    metrics.count('mad_bus_gaps_total', { mad: 'rogers', reason }, amount);
  }

  return {
    restore() {
      if (restored) return;
      restored = true;
      for (const total of store.totals()) count(total.senderId, total.topicPattern, total.count);
      for (const { reason, count: amount } of store.gapTotals()) gap(reason, amount);
      metrics.count('mad_bus_foreign_messages_total', {}, store.foreignTotal());
    },
    add(tally) {
      for (const entry of tally.counts) count(entry.senderId, entry.topicPattern, entry.count);
      for (const { reason } of tally.gaps) gap(reason, 1);
      for (const amount of tally.foreign.values()) {
        metrics.count('mad_bus_foreign_messages_total', {}, amount);
      }
    },
    lag: (lagMs) => metrics.set('mad_bus_reader_lag_seconds', { mad: 'rogers' }, Math.max(0, lagMs) / 1000),
    connections(records) {
      const counts = new Map<string, number>();
      for (const { status } of records) counts.set(status, (counts.get(status) ?? 0) + 1);
      for (const status of CONNECTION_STATUSES) {
        metrics.set('mad_rogers_connections', { status }, counts.get(status) ?? 0);
      }
    },
  };
}
