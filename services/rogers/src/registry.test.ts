import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DISCONNECTED_AFTER_MS, heard, judged, type MadRecord, STALE_AFTER_MS } from './registry.ts';

const T0 = Date.UTC(2025, 0, 1);

/** A MAD, told what happened to it step by step. */
function script(silenceFromMs = 0) {
  let record: MadRecord | undefined;
  return {
    says(atMs: number) {
      record = heard(record, { madId: 'fiedler', timeMs: T0 + atMs }, silenceFromMs);
      return record.status;
    },
    beats(atMs: number, instanceId: string, goodbye = false) {
      const beat = { instanceId, goodbye };
      record = heard(record, { madId: 'fiedler', timeMs: T0 + atMs, beat }, silenceFromMs);
      return record.status;
    },
    judgedAt(atMs: number) {
      record = judged(record as MadRecord, T0 + atMs, silenceFromMs);
      return record.status;
    },
    get record() {
      return record as MadRecord;
    },
  };
}

describe('a MAD in the registry', () => {
  test('is CONNECTED at its first message and HEALTHY from its second', () => {
    const mad = script();
    expect(mad.says(0)).toBe('CONNECTED');
    expect(mad.says(1)).toBe('HEALTHY');
    expect(mad.says(2)).toBe('HEALTHY');
    expect(mad.record).toMatchObject({ connectedAtMs: T0, lastSeenMs: T0 + 2 });
  });

  test('is STALE after 60 s of silence and DISCONNECTED after 300 s', () => {
    const mad = script();
    mad.says(0);
    mad.says(0);
    expect(mad.judgedAt(STALE_AFTER_MS - 1)).toBe('HEALTHY');
    expect(mad.judgedAt(STALE_AFTER_MS)).toBe('STALE');
    expect(mad.judgedAt(DISCONNECTED_AFTER_MS - 1)).toBe('STALE');
    expect(mad.judgedAt(DISCONNECTED_AFTER_MS)).toBe('DISCONNECTED');
  });

  test('goes straight to DISCONNECTED where nobody looked in between', () => {
    const mad = script();
    mad.says(0);
    expect(mad.judgedAt(DISCONNECTED_AFTER_MS)).toBe('DISCONNECTED');
  });

  test('keeps its first appearance through STALE, and renews it after DISCONNECTED', () => {
    const mad = script();
    mad.says(0);
    mad.judgedAt(STALE_AFTER_MS);
    expect(mad.says(70_000)).toBe('HEALTHY');
    expect(mad.record.connectedAtMs).toBe(T0);
    mad.judgedAt(70_000 + DISCONNECTED_AFTER_MS);
    expect(mad.says(500_000)).toBe('HEALTHY');
    expect(mad.record.connectedAtMs).toBe(T0 + 500_000);
  });

  test('is DISCONNECTED at the goodbye of its last instance, not before', () => {
    const mad = script();
    mad.beats(0, 'a');
    mad.beats(1, 'b');
    expect(mad.beats(2, 'a', true)).toBe('HEALTHY');
    expect(mad.beats(3, 'b', true)).toBe('DISCONNECTED');
    expect(mad.record.connectedAtMs).toBe(T0);
    expect(mad.beats(4, 'c')).toBe('HEALTHY');
  });

  test('is DISCONNECTED at once where its first message is a goodbye', () => {
    expect(script().beats(0, 'a', true)).toBe('DISCONNECTED');
  });

  test('does not wait for the goodbye of an instance that was killed', () => {
    const mad = script();
    mad.beats(0, 'killed');
    mad.beats(1000, 'next');
    for (let atMs = 15_000; atMs <= 60_000; atMs += 15_000) mad.beats(atMs, 'next');
    expect(mad.beats(61_000, 'next', true)).toBe('DISCONNECTED');
  });

  test('counts an instance as alive that could not beat, as the log had a hole', () => {
    const mad = script(T0 + 590_000);
    mad.beats(0, 'a');
    mad.beats(0, 'b');
    expect(mad.beats(600_000, 'a', true)).toBe('HEALTHY');
  });

  test('has its silence counted from the end of a hole in the log', () => {
    const mad = script(T0 + 600_000);
    mad.says(0);
    mad.says(0);
    expect(mad.judgedAt(659_999)).toBe('HEALTHY');
    expect(mad.judgedAt(660_000)).toBe('STALE');
  });

  test('is remembered with a bounded number of instances', () => {
    const mad = script();
    for (let n = 0; n < 500; n += 1) mad.beats(n, `instance-${n}`);
    expect(mad.record.instances.size).toBe(100);
    expect(mad.record.instances.has('instance-499')).toBe(true);
  });
});

test('silence alone never makes a MAD better, and a look at an unchanged one changes nothing', () => {
  const order = ['CONNECTED', 'HEALTHY', 'STALE', 'DISCONNECTED'];
  fc.assert(
    fc.property(
      fc.constantFrom('CONNECTED', 'HEALTHY', 'STALE', 'DISCONNECTED'),
      fc.array(fc.nat(400_000), { minLength: 1 }),
      (status, looks) => {
        let record: MadRecord = {
          madId: 'x',
          status: status as MadRecord['status'],
          connectedAtMs: 0,
          lastSeenMs: 0,
          instances: new Map(),
        };
        for (const nowMs of looks) {
          const next = judged(record, nowMs, 0);
          expect(order.indexOf(next.status)).toBeGreaterThanOrEqual(order.indexOf(record.status));
          expect(judged(next, nowMs, 0)).toBe(next);
          record = next;
        }
      },
    ),
  );
});
