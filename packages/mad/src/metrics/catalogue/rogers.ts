import type { MetricSpec } from './spec.ts';

export const ROGERS = {
  mad_bus_messages_total: {
    type: 'counter',
    help: 'Messages in the group’s log by sender and topic pattern, as Rogers counted them: the sums of hourly_metrics, restored from the database at a start. The MADs of the group and the first 196 other senders have a label of their own, all others are `other`.',
    labels: ['sender_id', 'topic_pattern'],
  },
  mad_bus_foreign_messages_total: {
    type: 'counter',
    help: 'Messages published without the log and taken up by Rogers.',
    labels: [],
  },
  mad_rogers_connections: {
    type: 'gauge',
    help: 'MADs in the registry of Rogers by status.',
    labels: ['status'],
  },
  mad_console_readers: {
    type: 'gauge',
    help: 'Consoles that read the bus through Rogers.',
    labels: [],
  },
} as const satisfies Record<string, MetricSpec>;

/** What Grace tells, and Rogers too. */
export const READERS = {
  mad_bus_gaps_total: {
    type: 'counter',
    help: 'Pieces of the log that were gone before they were read: trimmed; epoch, the log began anew; restart, the memory bus did, with its process.',
    labels: ['mad', 'reason'],
  },
} as const satisfies Record<string, MetricSpec>;
