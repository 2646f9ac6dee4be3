import { createMetrics } from '@mad-group/mad';
import { expect, test } from 'vitest';
import { createTrafficMetrics, OTHER_SENDERS } from './traffic-metrics.ts';

test('made-up sender names cost a bounded number of counters, and no message is left out', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const totals = Array.from({ length: 50 }, (_, n) => ({
    senderId: `s${n}`,
    topicPattern: 'mad.topic',
    count: 2,
  }));
  const store = { totals: () => totals, foreignTotal: () => 7, gapTotals: () => [] };
  const traffic = createTrafficMetrics(metrics, store, 10);
  traffic.restore();
  traffic.restore();
  const { values } = (await metrics.registry.getSingleMetric('mad_bus_messages_total')?.get()) ?? {
    values: [],
  };
  expect(values).toHaveLength(11);
  expect(values.find(({ labels }) => labels.sender_id === OTHER_SENDERS)?.value).toBe(80);
  expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(100);
  expect(await metrics.registry.metrics()).toContain('mad_bus_foreign_messages_total 7');
});
