import type { Bus, LogBatch, ReadOptions } from '@mad-group/bus';
import { toErrorReply } from '@mad-group/protocol';
import { createLagMeter, type LagMeter } from './bus-lag.ts';
import type { MadMetrics } from './metrics.ts';

/** Those that are measured already: what goes through one is counted once. */
const metered = new WeakSet<Bus>();

/**
 * The same bus, with what one MAD publishes counted and timed, and with the places of its named
 * readers. Of those there is one at a time of each name.
 */
export function meterBus(bus: Bus, metrics: MadMetrics, madId: string): Bus {
  if (metered.has(bus)) return bus;
  const labels = { mad: madId };
  const readers = new Map<string, LagMeter>();
  metrics.count('mad_bus_published_total', { ...labels, outcome: 'ok' }, 0);
  metrics.expect('mad_bus_publish_duration_seconds', labels);
  metrics.onScrape(() => {
    for (const [reader, meter] of readers) {
      const lag = meter.lag();
      if (lag === null) continue;
      metrics.set('mad_bus_lag_messages', { ...labels, reader }, lag.messages);
      metrics.set('mad_bus_lag_seconds', { ...labels, reader }, lag.seconds);
    }
  });

  function meterFor(name: string): LagMeter {
    const known = readers.get(name);
    if (known) return known;
    const meter = createLagMeter(bus, { now: () => performance.now() });
    readers.set(name, meter);
    return meter;
  }

  async function* readMetered(options: ReadOptions, meter: LagMeter): AsyncGenerator<LogBatch> {
    meter.begins(options.from);
    for await (const batch of bus.read(options)) {
      const done = meter.gets(batch);
      yield batch;
      // Asked for the next one, so it has done with this one.
      done();
    }
  }

  const measured: Bus = {
    ...bus,
    read: (options) =>
      options.name === undefined ? bus.read(options) : readMetered(options, meterFor(options.name)),
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
  metered.add(measured);
  return measured;
}
