import type { Bus, BusStatus } from '@mad-group/bus';
import type { Logger } from '@mad-group/protocol';
import type { MadMetrics } from './metrics.ts';

export interface BusWatch {
  /** Whether the bus was connected at least once since the start. */
  seen(): boolean;
  stop(): void;
}

const NAMES = { redis: 'Redis', memory: 'memory' } as const;

/** Says and counts when the bus comes and goes, in the words of the operations guide. */
export function watchBus(options: {
  bus: Pick<Bus, 'kind' | 'status' | 'onStatus'>;
  madId: string;
  log: Logger;
  metrics: MadMetrics;
}): BusWatch {
  const { bus, log, metrics } = options;
  const labels = { mad: options.madId };
  let seen = false;
  let connected = false;

  function take(status: BusStatus): void {
    metrics.set('mad_bus_connected', labels, status.connected ? 1 : 0);
    if (status.connected === connected) return;
    connected = status.connected;
    if (connected) {
      seen = true;
      log.info({ bus: bus.kind }, `Successfully connected to Rogers Conversation Bus (${NAMES[bus.kind]})`);
    } else {
      metrics.count('mad_bus_outages_total', labels);
      log.warn({ bus: bus.kind, reason: status.reason }, 'Lost the connection to the Conversation Bus');
    }
  }

  metrics.count('mad_bus_outages_total', labels, 0);
  const unwatch = bus.onStatus(take);
  take(bus.status());
  return { seen: () => seen, stop: unwatch };
}
