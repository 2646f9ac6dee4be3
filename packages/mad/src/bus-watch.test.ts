import type { BusStatus } from '@mad-group/bus';
import { silentLogger } from '@mad-group/protocol';
import { expect, test, vi } from 'vitest';
import { watchBus } from './bus-watch.ts';
import { createMetrics } from './metrics.ts';

function harness(kind: 'redis' | 'memory', first: BusStatus) {
  const listeners = new Set<(status: BusStatus) => void>();
  const [info, warn] = [vi.fn(), vi.fn()];
  const metrics = createMetrics({ processMetrics: false });
  const watch = watchBus({
    bus: {
      kind,
      status: () => first,
      onStatus: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    madId: 'toy',
    log: { ...silentLogger, info, warn },
    metrics,
  });
  const tell = (status: BusStatus): void => {
    for (const listener of listeners) listener(status);
  };
  return { watch, tell, info, warn, metrics, listeners };
}

const away: BusStatus = { connected: false, sinceMs: null, reason: 'connection refused' };
const here: BusStatus = { connected: true, sinceMs: 1 };

test('it says that the bus came, in the words of the guide, and when it went', async () => {
  const { tell, info, warn, metrics, watch } = harness('redis', away);
  expect(watch.seen()).toBe(false);
  tell(here);
  tell(here);
  expect(info.mock.calls).toEqual([
    [{ bus: 'redis' }, 'Successfully connected to Rogers Conversation Bus (Redis)'],
  ]);
  tell(away);
  expect(warn).toHaveBeenCalledOnce();
  tell(here);
  expect(info).toHaveBeenCalledTimes(2);
  expect(watch.seen()).toBe(true);
  const text = await metrics.registry.metrics();
  expect(text).toContain('mad_bus_outages_total{mad="toy"} 1');
  expect(text).toContain('mad_bus_connected{mad="toy"} 1');
});

test('a bus that is there from the start is said too', () => {
  const { info, watch } = harness('memory', here);
  expect(info).toHaveBeenCalledWith(
    { bus: 'memory' },
    'Successfully connected to Rogers Conversation Bus (memory)',
  );
  expect(watch.seen()).toBe(true);
});

test('nobody listens after a stop', () => {
  const { watch, listeners } = harness('redis', away);
  watch.stop();
  expect(listeners.size).toBe(0);
});
