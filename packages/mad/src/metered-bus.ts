import type { Bus } from '@mad-group/bus';
import { toErrorReply } from '@mad-group/protocol';
import type { MadMetrics } from './metrics.ts';

/** The same bus, with what one MAD publishes counted and timed. */
export function meterBus(bus: Bus, metrics: MadMetrics, madId: string): Bus {
  const labels = { mad: madId };
  return {
    kind: bus.kind,
    kv: bus.kv,
    start: () => bus.start(),
    stop: () => bus.stop(),
    read: (options) => bus.read(options),
    readOnce: (options) => bus.readOnce(options),
    adoptForeign: (signal) => bus.adoptForeign(signal),
    status: () => bus.status(),
    onStatus: (listener) => bus.onStatus(listener),
    async publish(envelope, options) {
      const startedMs = performance.now();
      try {
        const position = await bus.publish(envelope, options);
        metrics.count('mad_bus_published_total', { ...labels, outcome: 'ok' });
        metrics.observe('mad_bus_publish_duration_seconds', labels, (performance.now() - startedMs) / 1000);
        return position;
      } catch (error) {
        metrics.count('mad_bus_published_total', { ...labels, outcome: toErrorReply(error).code });
        throw error;
      }
    },
  };
}
