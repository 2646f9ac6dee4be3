import { MadStatusOutput } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { composeStatus, type StatusSources } from './status.ts';

const sources = (changes: Partial<StatusSources> = {}): StatusSources => ({
  id: 'fiedler',
  title: 'FiedlerV1',
  version: '1.0.0',
  instanceId: 'i1',
  startedAtMs: 1_000,
  nowMs: 61_400,
  stopping: false,
  bus: { kind: 'redis', status: { connected: true, sinceMs: 0 } },
  facts: { sequential_thinking_connected: true, database: 'OK', provider: 'offline' },
  ...changes,
});

test('a MAD that has all it needs is HEALTHY', () => {
  const status = MadStatusOutput.parse(composeStatus(sources()));
  expect(status).toMatchObject({
    health: 'HEALTHY',
    uptime_s: 60,
    bus: { kind: 'redis', connected: true, since: '1970-01-01T00:00:00.000Z' },
    sequential_thinking_connected: true,
    database: 'OK',
    provider: 'offline',
    details: {},
  });
});

test.each<[string, Partial<StatusSources>]>([
  ['the bus', { bus: { kind: 'redis', status: { connected: false, sinceMs: null } } }],
  ['its database', { facts: { database: 'disk full' } }],
  ['its planner', { facts: { sequential_thinking_connected: false } }],
])('without %s it is DEGRADED', (_what, changes) => {
  expect(composeStatus(sources(changes)).health).toBe('DEGRADED');
});

test('a bus that is away says since when and why', () => {
  const status = { connected: false, sinceMs: 1_000, reason: 'it does not answer' };
  expect(MadStatusOutput.parse(composeStatus(sources({ bus: { kind: 'redis', status } }))).bus).toEqual({
    kind: 'redis',
    connected: false,
    since: '1970-01-01T00:00:01.000Z',
    reason: 'it does not answer',
  });
});

test('what it does not use does not degrade it', () => {
  const status = MadStatusOutput.parse(composeStatus(sources({ bus: null, facts: {} })));
  expect(status).toMatchObject({
    health: 'HEALTHY',
    bus: null,
    database: null,
    sequential_thinking_connected: null,
  });
});

test('stopping comes before all else', () => {
  expect(composeStatus(sources({ stopping: true, facts: { database: 'gone' } })).health).toBe('STOPPING');
});
