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
  connections(records: Iterable<MadRecord>): void;
}

/** Why pieces of the log are missing. */
const GAPS = ['trimmed', 'epoch', 'restart'] as const;

/**
 * Counters are restored from `message_totals`, which retention leaves alone. A scrape sees what is
 * committed, since a batch is added after its commit.
 */
export function createTrafficMetrics(
  metrics: MadMetrics,
  store: Pick<TrafficStore, 'totals' | 'labelOf' | 'foreignTotal' | 'gapTotals'>,
): TrafficMetrics {
  let restored = false;

  function count(label: string, topicPattern: string, amount: number): void {
    metrics.count('mad_bus_messages_total', { sender_id: label, topic_pattern: topicPattern }, amount);
  }
  function gap(reason: string, amount: number): void {
    metrics.count('mad_bus_gaps_total', { mad: 'rogers', reason }, amount);
  }

  return {
    restore() {
      if (restored) return;
      restored = true;
      for (const total of store.totals()) count(total.label, total.topicPattern, total.count);
      // There before the first: what begins with 1 has no increase.
      for (const reason of GAPS) gap(reason, 0);
      for (const { reason, count: amount } of store.gapTotals()) gap(reason, amount);
      metrics.count('mad_bus_foreign_messages_total', {}, store.foreignTotal());
    },
    add(tally) {
      for (const entry of tally.counts) count(store.labelOf(entry.senderId), entry.topicPattern, entry.count);
      for (const { reason } of tally.gaps) gap(reason, 1);
      for (const amount of tally.foreign.values()) {
        metrics.count('mad_bus_foreign_messages_total', {}, amount);
      }
    },
    connections(records) {
      const counts = new Map<string, number>();
      for (const { status } of records) counts.set(status, (counts.get(status) ?? 0) + 1);
      for (const status of CONNECTION_STATUSES) {
        metrics.set('mad_rogers_connections', { status }, counts.get(status) ?? 0);
      }
    },
  };
}
