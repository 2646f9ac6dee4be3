import { createMetrics, type MadMetrics } from '@mad-group/mad';
import { silentLogger } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createBusWatcher } from './bus-watcher.ts';
import { at, beat, createScriptedBus, said, T0 } from './testing/scripted-bus.ts';
import { openTestDatabase } from './testing/test-database.ts';
import { createTrafficLog } from './traffic-log.ts';
import { createTrafficMetrics } from './traffic-metrics.ts';
import { createTrafficStore, type TrafficStore } from './traffic-store.ts';

/** Rogers' watcher on a scripted bus, with a clock that the test turns. */
function setUp(options: { store?: TrafficStore; metrics?: MadMetrics; maxMads?: number } = {}) {
  const bus = createScriptedBus();
  const store = options.store ?? createTrafficStore(openTestDatabase().relaxed);
  const metrics = options.metrics ?? createMetrics({ processMetrics: false });
  const { log, lines } = recordingLog();
  let elapsedMs = 0;
  const watcher = createBusWatcher({
    bus,
    ...(options.maxMads === undefined ? {} : { maxMads: options.maxMads }),
    store: {
      load: () => store.load(),
      commit: (...given) => store.commit(...given),
      forget: (madIds) => store.forget(madIds),
    },
    metrics: createTrafficMetrics(metrics, store),
    trafficLog: createTrafficLog({ log: silentLogger, clock: { now: () => elapsedMs } }),
    log,
    clock: { now: () => T0 + elapsedMs },
    monotonic: { now: () => elapsedMs },
  });
  onTestFinished(() => watcher.stop());
  const wait = (ms: number): void => {
    elapsedMs += ms;
  };
  return {
    bus,
    store,
    metrics,
    watcher,
    lines,
    wait,
    /** Empty batches, a second each, as an idle bus gives them. */
    async idle(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        wait(1000);
        await bus.give([]);
      }
    },
    status: (madId: string) => store.connections().find((row) => row.mad_id === madId)?.status,
    changes: () =>
      lines.filter(({ message }) => message.startsWith('Connection status')).map((l) => l.message),
  };
}

const totalOf = (store: TrafficStore): number => store.totals().reduce((sum, { count }) => sum + count, 0);

describe('reading', () => {
  test('begins at the start of the log, then goes on from the stored position', async () => {
    const first = setUp();
    await first.watcher.start();
    await first.bus.give([said(0, 'fiedler'), said(5, 'fiedler')]);
    await first.watcher.stop();
    expect(first.bus.readFrom).toEqual(['start']);

    const second = setUp({ store: first.store });
    await second.watcher.start();
    await second.bus.give([said(10, 'fiedler')]);
    expect(second.bus.readFrom).toEqual([at(5)]);
    expect(totalOf(second.store)).toBe(3);
  });

  test('a batch that could not be stored is read again, and counted once', async () => {
    const { bus, store, watcher, lines } = setUp();
    await watcher.start();
    await bus.give([said(0, 'fiedler')]);
    const commit = vi.spyOn(store, 'commit').mockImplementationOnce(() => {
      throw new Error('database or disk is full');
    });
    await bus.give([said(1, 'fiedler'), said(2, 'fiedler')]);
    await bus.give([said(1, 'fiedler'), said(2, 'fiedler')]);
    expect(lines.find(({ level }) => level === 'error')?.message).toBe('Reading the log failed');
    expect(bus.readFrom).toEqual(['start', at(0)]);
    expect(commit).toHaveBeenCalledTimes(2);
    expect(totalOf(store)).toBe(3);
  });

  test('a commit that fails half way leaves nothing behind', async () => {
    const store = createTrafficStore(openTestDatabase().relaxed);
    const tally = {
      counts: [
        { hour: '2025-01-01T08:00:00Z', senderId: 'a', topicPattern: 'mad.topic', count: 1 },
        { hour: '2025-01-01T08:00:00Z', senderId: 'b', topicPattern: 'mad.topic', count: Number.NaN },
      ],
      foreign: new Map(),
      gaps: [],
      connections: new Map(),
      progress: { atMs: T0, silenceFromMs: T0 },
    };
    expect(() => store.commit(tally, at(1), new Date(T0))).toThrow();
    expect(totalOf(store)).toBe(0);
    expect(store.load().position).toBeNull();
  });

  test('an idle bus costs no writes', async () => {
    const { bus, store, watcher, idle } = setUp();
    await watcher.start();
    await bus.give([said(0, 'fiedler')]);
    const commit = vi.spyOn(store, 'commit');
    await idle(30);
    expect(commit).not.toHaveBeenCalled();
  });

  test('start and stop may be called twice', async () => {
    const { bus, watcher } = setUp();
    await Promise.all([watcher.start(), watcher.start()]);
    await bus.give([]);
    await watcher.stop();
    await watcher.stop();
    expect(bus.readFrom).toHaveLength(1);
  });
});

describe('gaps', () => {
  test.each([
    ['trimmed', 'A piece of the log was trimmed before it was read; its messages are not counted'],
    ['epoch', 'The log began anew; what was left unread of the one before is not counted'],
  ] as const)('a gap (%s) is stored, counted and told, never guessed', async (reason, words) => {
    const { bus, store, watcher, metrics, lines } = setUp();
    await watcher.start();
    await bus.give([said(0, 'fiedler')]);
    const to = reason === 'epoch' ? at(1000, 'e2') : at(1000);
    await bus.give([{ kind: 'gap', reason, from: at(0), to }, said(1000, 'fiedler', { epoch: 'e2' })]);
    expect(store.gapTotals()).toEqual([{ reason, count: 1 }]);
    expect(totalOf(store)).toBe(2);
    expect(lines).toContainEqual({ level: 'warn', facts: { reason, from: at(0), to }, message: words });
    expect(await metrics.registry.metrics()).toContain(
      `mad_bus_gaps_total{mad="rogers",reason="${reason}"} 1`,
    );
  });
});

describe('the registry', () => {
  test('follows a MAD from its first message to its silence, a line for each change', async () => {
    const { bus, watcher, idle, status, changes } = setUp();
    await watcher.start();
    await bus.give([beat(0, 'fiedler')]);
    expect(status('fiedler')).toBe('CONNECTED');
    await bus.give([beat(10, 'fiedler')]);
    expect(status('fiedler')).toBe('HEALTHY');
    await idle(59);
    expect(status('fiedler')).toBe('HEALTHY');
    await idle(1);
    expect(status('fiedler')).toBe('STALE');
    await idle(240);
    expect(status('fiedler')).toBe('DISCONNECTED');
    expect(changes()).toEqual([
      "Connection status for 'fiedler' changed to CONNECTED",
      "Connection status for 'fiedler' changed to HEALTHY",
      "Connection status for 'fiedler' changed to STALE",
      "Connection status for 'fiedler' changed to DISCONNECTED",
    ]);
  });

  test('survives a restart of Rogers', async () => {
    const first = setUp();
    await first.watcher.start();
    await first.bus.give([beat(0, 'fiedler', { instanceId: 'a' }), beat(1, 'fiedler', { instanceId: 'b' })]);
    await first.watcher.stop();
    const second = setUp({ store: first.store });
    await second.watcher.start();
    await second.bus.give([beat(100, 'fiedler', { instanceId: 'a', health: 'STOPPING' })]);
    expect(second.status('fiedler')).toBe('HEALTHY');
    await second.bus.give([beat(200, 'fiedler', { instanceId: 'b', health: 'STOPPING' })]);
    expect(second.status('fiedler')).toBe('DISCONNECTED');
    expect(second.store.connections()[0]?.connected_at).toBe(new Date(T0).toISOString());
  });

  test('warns of silence, not of a goodbye', async () => {
    const { bus, watcher, idle, lines } = setUp();
    await watcher.start();
    await bus.give([beat(0, 'fiedler'), beat(0, 'fiedler'), beat(0, 'grace'), beat(0, 'grace')]);
    await bus.give([beat(10, 'grace', { health: 'STOPPING' })]);
    await idle(301);
    const changes = lines.filter(({ message }) => /changed to (?:STALE|DISCONNECTED)/.test(message));
    expect(changes.map(({ level, message }) => [level, message])).toEqual([
      ['info', "Connection status for 'grace' changed to DISCONNECTED"],
      ['warn', "Connection status for 'fiedler' changed to STALE"],
      ['warn', "Connection status for 'fiedler' changed to DISCONNECTED"],
    ]);
  });

  test('is caught up after a pause before anyone is judged, and then judged by the log', async () => {
    const first = setUp();
    await first.watcher.start();
    await first.bus.give([said(0, 'fiedler'), said(0, 'fiedler'), said(0, 'grace'), said(0, 'grace')]);
    await first.watcher.stop();

    // Ten minutes without Rogers, in which fiedler went on and grace died.
    const { bus, watcher, wait, status, changes } = setUp({ store: first.store });
    await watcher.start();
    for (let ms = 15_000; ms < 600_000; ms += 15_000) {
      wait(10);
      await bus.give([beat(ms, 'fiedler')], { caughtUp: false });
      expect(status('grace')).toBe('HEALTHY');
    }
    wait(10);
    await bus.give([beat(600_000, 'fiedler')]);
    expect(status('fiedler')).toBe('HEALTHY');
    expect(status('grace')).toBe('DISCONNECTED');
    expect(changes()).toEqual(["Connection status for 'grace' changed to DISCONNECTED"]);
  });

  test('judges nobody where the process stood still, even by an empty batch from before that', async () => {
    const { bus, watcher, wait, status, changes } = setUp();
    await watcher.start();
    await bus.give([beat(0, 'fiedler'), beat(0, 'fiedler')]);
    wait(400_000);
    await bus.give([]);
    expect(status('fiedler')).toBe('HEALTHY');
    const missed = Array.from({ length: 27 }, (_, n) => beat((n + 1) * 15_000, 'fiedler'));
    wait(5);
    await bus.give(missed);
    wait(1000);
    await bus.give([]);
    expect(status('fiedler')).toBe('HEALTHY');
    expect(changes()).toHaveLength(1);
  });

  test('judges nobody where everything stood still, and gives all the time to beat again', async () => {
    const { bus, watcher, wait, idle, status } = setUp();
    await watcher.start();
    await bus.give([beat(0, 'fiedler'), beat(0, 'fiedler'), beat(0, 'grace'), beat(0, 'grace')]);
    wait(400_000);
    await bus.give([]);
    await idle(5);
    await bus.give([beat(405_000, 'grace')]);
    await idle(59);
    expect(status('fiedler')).toBe('HEALTHY');
    await idle(1);
    expect(status('fiedler')).toBe('STALE');
  });

  test('judges nobody while the bus is away, nor before all could beat after it', async () => {
    const { bus, watcher, idle, status, changes } = setUp();
    await watcher.start();
    await bus.give([beat(0, 'fiedler'), beat(0, 'fiedler'), beat(0, 'grace'), beat(0, 'grace')]);
    bus.connected = false;
    await idle(900);
    expect(status('fiedler')).toBe('HEALTHY');
    bus.connected = true;
    await idle(5);
    await bus.give([beat(905_000, 'grace')]);
    await idle(14);
    await bus.give([beat(919_000, 'fiedler')]);
    await idle(30);
    expect([status('fiedler'), status('grace')]).toEqual(['HEALTHY', 'HEALTHY']);
    expect(changes()).toHaveLength(2);
  });

  test('does not hold its own clock against that of the log', async () => {
    const { bus, watcher, wait, idle, status } = setUp();
    await watcher.start();
    wait(3_600_000);
    await bus.give([beat(0, 'fiedler'), beat(0, 'fiedler')]);
    await idle(59);
    expect(status('fiedler')).toBe('HEALTHY');
    await idle(1);
    expect(status('fiedler')).toBe('STALE');
  });

  test('holds so many at most, and lets a flood of new names drive out nobody who is HEALTHY', async () => {
    const { bus, watcher, store, metrics } = setUp({ maxMads: 3 });
    await watcher.start();
    await bus.give([beat(0, 'fiedler'), beat(1, 'fiedler'), beat(2, 'grace'), beat(3, 'grace')]);
    await bus.give(Array.from({ length: 50 }, (_, n) => said(10 + n, `made-up-${n}`)));
    const ids = () => store.connections().map(({ mad_id }) => mad_id);
    expect(ids()).toEqual(['fiedler', 'grace', 'made-up-49']);
    // Even where they speak often enough to be HEALTHY.
    await bus.give(Array.from({ length: 50 }, (_, n) => said(100 + n, `made-up-${n % 5}`)));
    expect(ids()).toEqual(expect.arrayContaining(['fiedler', 'grace']));
    expect(ids()).toHaveLength(3);
    expect(await metrics.registry.metrics()).toContain('mad_rogers_connections{status="HEALTHY"} 3');
  });

  test('forgets in memory, too, whom retention has deleted', async () => {
    const { bus, watcher, store, metrics, status } = setUp();
    await watcher.start();
    await bus.give([beat(0, 'gone'), beat(1, 'gone', { health: 'STOPPING' }), beat(2, 'here')]);
    const gauge = () => metrics.registry.metrics();
    expect(await gauge()).toContain('mad_rogers_connections{status="DISCONNECTED"} 1');
    store.deleteBefore(T0 + 2);
    watcher.forgetBefore(T0 + 2);
    expect(await gauge()).toContain('mad_rogers_connections{status="DISCONNECTED"} 0');
    expect(status('here')).toBe('CONNECTED');
    // Who comes back begins anew, as after a restart.
    await bus.give([beat(3, 'gone')]);
    expect(status('gone')).toBe('CONNECTED');
  });

  test('never holds Rogers', async () => {
    const { bus, watcher, status } = setUp();
    await watcher.start();
    await bus.give([beat(0, 'rogers'), beat(1, 'grace')]);
    expect(status('rogers')).toBeUndefined();
    expect(status('grace')).toBe('CONNECTED');
  });
});

describe('the counters', () => {
  const line = (senderId: string, pattern: string, count: number): string =>
    `mad_bus_messages_total{sender_id="${senderId}",topic_pattern="${pattern}"} ${count}`;

  test('are those of the table, before and after a restart', async () => {
    const first = setUp();
    await first.watcher.start();
    await first.bus.give([said(0, 'fiedler'), said(3_600_000, 'fiedler'), said(0, 'old', { foreign: true })]);
    await first.bus.give([said(3_600_001, 'fiedler', { channel: 'mad.direct.grace' })]);
    await first.watcher.stop();

    const second = setUp({ store: first.store });
    await second.watcher.start();
    await second.bus.give([said(3_600_002, 'fiedler')]);
    for (const [setup, topics] of [
      [first, 2],
      [second, 3],
    ] as const) {
      const text = await setup.metrics.registry.metrics();
      expect(text).toContain(line('fiedler', 'mad.topic', topics));
      expect(text).toContain(line('fiedler', 'mad.direct', 1));
      expect(text).toContain('mad_bus_foreign_messages_total 1');
    }
    expect(await second.metrics.registry.metrics()).toContain('mad_rogers_connections{status="CONNECTED"} 1');
  });

  test('do not go down when retention deletes hours', async () => {
    const first = setUp();
    await first.watcher.start();
    await first.bus.give([said(0, 'fiedler'), said(7_200_000, 'fiedler')]);
    await first.watcher.stop();
    expect(first.store.deleteBefore(T0 + 7_200_000)).toBe(1);
    const second = setUp({ store: first.store });
    await second.watcher.start();
    await second.bus.give([said(7_200_001, 'fiedler')]);
    expect(await second.metrics.registry.metrics()).toContain(line('fiedler', 'mad.topic', 3));
  });
});
