import type { BusStatus } from '@mad-group/bus';
import {
  type Envelope,
  HEARTBEAT_CHANNEL,
  HeartbeatSchema,
  type Position,
  silentLogger,
} from '@mad-group/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createHeartbeat } from './heartbeat.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function harness(publish?: () => Promise<Position>) {
  const published: Envelope[] = [];
  const listeners = new Set<(status: BusStatus) => void>();
  const bus = {
    publish: async (envelope: Envelope) => {
      published.push(envelope);
      return (await publish?.()) ?? ('e:1-1' as Position);
    },
    onStatus(listener: (status: BusStatus) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  let health: 'HEALTHY' | 'STOPPING' = 'HEALTHY';
  const beat = () => ({ mad_id: 'toy', instance_id: 'i1', version: '1', health, uptime_s: 3 });
  const heartbeat = createHeartbeat({ bus, id: 'toy', beat, log: silentLogger });
  return {
    published,
    heartbeat,
    listeners,
    stopping: () => {
      health = 'STOPPING';
    },
  };
}

test('it beats at once, again after a second, and then every 15 seconds', async () => {
  const { published, heartbeat } = harness();
  heartbeat.start();
  heartbeat.start();
  expect(published).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1000);
  expect(published).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(published).toHaveLength(6);
  await heartbeat.stop();
});

test('a beat is as Rogers reads it', async () => {
  const { published, heartbeat } = harness();
  heartbeat.start();
  expect(published[0]).toMatchObject({ channel: HEARTBEAT_CHANNEL, sender_id: 'toy', recipient_id: null });
  expect(HeartbeatSchema.parse(published[0]?.payload)).toMatchObject({ mad_id: 'toy', health: 'HEALTHY' });
  await heartbeat.stop();
});

test('the last one is a goodbye, and nothing comes after it', async () => {
  const { published, heartbeat, stopping } = harness();
  heartbeat.start();
  stopping();
  await heartbeat.stop();
  await heartbeat.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(published.map(({ payload }) => payload.health)).toEqual(['HEALTHY', 'STOPPING']);
});

test('a bus that is away costs nothing, and the beat goes on', async () => {
  const { published, heartbeat } = harness(() => Promise.reject(new Error('away')));
  heartbeat.start();
  await vi.advanceTimersByTimeAsync(31_000);
  expect(published).toHaveLength(4);
  await expect(heartbeat.stop()).resolves.toBeUndefined();
});

test('who never started says no goodbye', async () => {
  const { published, heartbeat } = harness();
  await heartbeat.stop();
  expect(published).toEqual([]);
});

test('a bus that comes back hears it at once, and no more once it has stopped', async () => {
  const { published, heartbeat, listeners } = harness();
  heartbeat.start();
  const [listener] = listeners;
  listener?.({ connected: false, sinceMs: 1 });
  expect(published).toHaveLength(1);
  listener?.({ connected: true, sinceMs: 2 });
  expect(published).toHaveLength(2);
  await heartbeat.stop();
  expect(listeners.size).toBe(0);
});
