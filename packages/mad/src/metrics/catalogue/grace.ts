import type { MetricSpec } from './spec.ts';

export const GRACE = {
  mad_grace_clients: { type: 'gauge', help: 'Clients that Grace keeps a queue for.', labels: [] },
  mad_grace_dropped_total: {
    type: 'counter',
    help: 'Messages that clients lost: queue_full, more waited than a queue holds; memory, than all queues together may.',
    labels: ['reason'],
  },
  mad_grace_expired_total: {
    type: 'counter',
    help: 'Clients that Grace forgot: idle, or past the limit.',
    labels: ['reason'],
  },
} as const satisfies Record<string, MetricSpec>;
