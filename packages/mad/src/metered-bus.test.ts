import { createMemoryBus } from '@mad-group/bus';
import { createEnvelope } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { meterBus } from './metered-bus.ts';
import { createMetrics } from './metrics.ts';

test('a bus that is measured is not measured again', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const bus = meterBus(createMemoryBus(), metrics, 'toy');
  expect(meterBus(bus, metrics, 'toy')).toBe(bus);
});

test('what a MAD publishes is counted by outcome, and otherwise the bus is as it was', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const bus = createMemoryBus();
  const metered = meterBus(bus, metrics, 'toy');
  await metered.start();
  expect(metered.status()).toEqual(bus.status());
  const message = (text: string) =>
    createEnvelope({ channel: 'mad.topic.news', senderId: 'toy', payload: { text } });
  const position = await metered.publish(message('small'));
  await expect(metered.publish(message('x'.repeat(300_000)))).rejects.toMatchObject({
    code: 'payload_too_large',
  });
  const { items } = await bus.readOnce({ from: 'start', patterns: () => ['mad.#'] });
  expect(items).toMatchObject([{ envelope: { position, payload: { text: 'small' } } }]);
  await metered.stop();
  const text = await metrics.registry.metrics();
  expect(text).toContain('mad_bus_published_total{mad="toy",outcome="ok"} 1');
  expect(text).toContain('mad_bus_published_total{mad="toy",outcome="payload_too_large"} 1');
  expect(text).toContain('mad_bus_publish_duration_seconds_count{mad="toy"} 1');
});
