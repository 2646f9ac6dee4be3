import type { LogItem } from '@mad-group/bus';
import { createEnvelope, formatPosition, HEARTBEAT_CHANNEL } from '@mad-group/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tallyBatch, type WatchState } from './batch-tally.ts';
import { NO_PROGRESS } from './log-progress.ts';

const T0 = Date.UTC(2025, 0, 1, 7, 59, 0);
const nothing: WatchState = { connections: new Map(), progress: NO_PROGRESS };

interface Said {
  readonly senderId?: string;
  readonly channel?: string;
  readonly atMs?: number;
  readonly payload?: Record<string, unknown>;
  readonly foreign?: boolean;
}

const message = ({
  senderId = 'fiedler',
  channel = 'mad.topic.x',
  atMs = 0,
  payload = {},
  foreign = false,
}: Said): LogItem => ({
  kind: 'message',
  foreign,
  envelope: {
    ...createEnvelope({ senderId, channel, payload }),
    position: formatPosition({ epoch: 'e', place: `${T0 + atMs}-0` }),
  },
});

const beat = (madId: string, instanceId: string, health: string, senderId = madId): Said => ({
  senderId,
  channel: HEARTBEAT_CHANNEL,
  payload: { type: 'heartbeat', mad_id: madId, instance_id: instanceId, version: '1', health, uptime_s: 1 },
});

const tally = (...said: Said[]) => tallyBatch({ items: said.map(message) }, nothing);

describe('a batch', () => {
  test('is counted by the hour of the log entry, sender and topic pattern', () => {
    const { counts } = tally(
      {},
      { atMs: 59_999 },
      { atMs: 60_000 },
      { channel: 'mad.direct.grace' },
      { channel: 'mad.elsewhere.x' },
      { senderId: 'rogers' },
    );
    expect(counts).toEqual([
      { hour: '2025-01-01T07:00:00Z', senderId: 'fiedler', topicPattern: 'mad.topic', count: 2 },
      { hour: '2025-01-01T08:00:00Z', senderId: 'fiedler', topicPattern: 'mad.topic', count: 1 },
      { hour: '2025-01-01T07:00:00Z', senderId: 'fiedler', topicPattern: 'mad.direct', count: 1 },
      { hour: '2025-01-01T07:00:00Z', senderId: 'fiedler', topicPattern: 'mad.other', count: 1 },
      { hour: '2025-01-01T07:00:00Z', senderId: 'rogers', topicPattern: 'mad.topic', count: 1 },
    ]);
  });

  test('puts every sender in the registry but Rogers', () => {
    const { connections } = tally({}, { senderId: 'rogers' }, { senderId: '__proto__' }, {});
    expect([...connections].map(([madId, { status }]) => [madId, status])).toEqual([
      ['fiedler', 'HEALTHY'],
      ['__proto__', 'CONNECTED'],
    ]);
  });

  test('takes instances from heartbeats, and from a MAD’s own only', () => {
    const status = (...said: Said[]) => tally(...said).connections.get('grace')?.status;
    expect(status(beat('grace', 'a', 'HEALTHY'), beat('grace', 'a', 'STOPPING'))).toBe('DISCONNECTED');
    expect(status(beat('grace', 'a', 'HEALTHY'), beat('grace', 'a', 'STOPPING', 'mallory'))).toBe(
      'CONNECTED',
    );
    expect(status(beat('grace', 'a', 'HEALTHY'), { senderId: 'grace', channel: HEARTBEAT_CHANNEL })).toBe(
      'HEALTHY',
    );
  });

  test('counts foreign messages by sender', () => {
    const { foreign } = tally({ foreign: true }, { foreign: true }, {}, { senderId: 'old', foreign: true });
    expect([...foreign]).toEqual([
      ['fiedler', 2],
      ['old', 1],
    ]);
  });

  test('cuts an endless sender id, so that one message cannot fill the tables', () => {
    expect(tally({ senderId: 'x'.repeat(10_000) }).counts[0]?.senderId).toHaveLength(256);
  });
});

test('counts and registry are the same however the log is cut into batches', () => {
  const said = fc.record({
    senderId: fc.constantFrom('a', 'b', 'rogers', "'; DROP TABLE hourly_metrics; --", 'a b'),
    channel: fc.constantFrom('mad.topic.x', 'mad.direct.a', 'mad.stream.1', 'mad.odd'),
    stepMs: fc.nat(900_000),
    instance: fc.constantFrom('none', 'i1', 'i2'),
    goodbye: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(said, { maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 5 }), (all, cuts) => {
      let atMs = 0;
      const items = all.map(({ senderId, channel, stepMs, instance, goodbye }) => {
        atMs += stepMs;
        if (instance === 'none') return message({ senderId, channel, atMs });
        return message({ ...beat(senderId, instance, goodbye ? 'STOPPING' : 'HEALTHY'), atMs });
      });
      const whole = tallyBatch({ items }, nothing);

      const sums = new Map<string, number>();
      const connections = new Map<string, unknown>();
      let state = nothing;
      const ends = [...cuts.sort((a, b) => a - b), items.length];
      let begin = 0;
      for (const end of ends) {
        const part = tallyBatch({ items: items.slice(begin, end) }, state);
        for (const { hour, senderId, topicPattern, count } of part.counts) {
          const key = JSON.stringify([hour, senderId, topicPattern]);
          sums.set(key, (sums.get(key) ?? 0) + count);
        }
        for (const [madId, record] of part.connections) connections.set(madId, record);
        state = { connections: connections as WatchState['connections'], progress: part.progress };
        begin = Math.max(begin, end);
      }
      const expected = new Map(
        whole.counts.map((c) => [JSON.stringify([c.hour, c.senderId, c.topicPattern]), c.count]),
      );
      expect(sums).toEqual(expected);
      expect([...sums.values()].reduce((sum, count) => sum + count, 0)).toBe(items.length);
      expect(connections).toEqual(whole.connections);
      expect(state.progress).toEqual(whole.progress);
    }),
  );
});
