import type { MadMetrics } from '@mad-group/mad';

const LOSSES = ['queue_full', 'memory'] as const;
const FORGOTTEN = ['idle', 'limit'] as const;
const GAPS = ['trimmed', 'epoch'] as const;

/** What the gateway tells of its clients. */
export interface GatewayMetrics {
  clients(count: number): void;
  /** Clients have lost so many messages. */
  dropped(reason: (typeof LOSSES)[number], messages: number): void;
  forgotten(reason: (typeof FORGOTTEN)[number]): void;
  /** A piece of the log was gone before the one reader came to it. */
  gap(reason: (typeof GAPS)[number]): void;
  closedSlowReader(): void;
}

export function createGatewayMetrics(metrics: Pick<MadMetrics, 'count' | 'set'>): GatewayMetrics {
  const mad = { mad: 'grace' };
  // There before the first: what begins with 1 has no increase.
  for (const reason of LOSSES) metrics.count('mad_grace_dropped_total', { reason }, 0);
  for (const reason of FORGOTTEN) metrics.count('mad_grace_expired_total', { reason }, 0);
  for (const reason of GAPS) metrics.count('mad_bus_gaps_total', { ...mad, reason }, 0);
  metrics.set('mad_grace_clients', {}, 0);
  return {
    clients: (count) => metrics.set('mad_grace_clients', {}, count),
    dropped: (reason, messages) => metrics.count('mad_grace_dropped_total', { reason }, messages),
    forgotten: (reason) => metrics.count('mad_grace_expired_total', { reason }),
    gap: (reason) => metrics.count('mad_bus_gaps_total', { ...mad, reason }),
    closedSlowReader: () => metrics.count('mad_websocket_closed_total', { ...mad, reason: 'slow_reader' }),
  };
}
