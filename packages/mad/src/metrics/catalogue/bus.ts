import type { MetricSpec } from './spec.ts';

/** What every MAD that has a bus tells of it. */
export const BUS = {
  mad_bus_connected: { type: 'gauge', help: '1 when the bus is connected, else 0.', labels: ['mad'] },
  mad_bus_outages_total: {
    type: 'counter',
    help: 'Times that a connected bus was lost.',
    labels: ['mad'],
  },
  mad_bus_published_total: {
    type: 'counter',
    help: 'Messages that this MAD published, by outcome: ok, or the code of the error.',
    labels: ['mad', 'outcome'],
  },
  mad_bus_publish_duration_seconds: {
    type: 'histogram',
    help: 'How long a publish took until the log had the message.',
    labels: ['mad'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  },
  mad_bus_lag_messages: {
    type: 'gauge',
    help: 'Entries of the log between its head, as known within 2 s, and what this reader has done with. Readers: traffic (Rogers counts), fan_out (Grace delivers), tools (calls over the bus).',
    labels: ['mad', 'reader'],
  },
  mad_bus_lag_seconds: {
    type: 'gauge',
    help: 'How long ago this reader was last at the head of the log; 0 while it is.',
    labels: ['mad', 'reader'],
  },
} as const satisfies Record<string, MetricSpec>;
