import type { Connection } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { entry } from '../testing.ts';
import { Beats, membersOf } from './group.ts';

const connection = (mad_id: string, status: Connection['status'] = 'HEALTHY'): Connection => ({
  mad_id,
  status,
  connected_at: '2026-11-21T12:00:00Z',
  last_heartbeat: '2026-11-21T12:00:10Z',
});
const group = (...connections: Connection[]) => ({ bus: { kind: 'redis', connected: true }, connections });
const beat = (madId: string, health: string, { instance = '1', ms = 1_000_000 } = {}) =>
  entry(1, {
    ms,
    sender_id: madId,
    channel: 'mad.system.heartbeat',
    payload: {
      type: 'heartbeat',
      mad_id: madId,
      instance_id: instance,
      version: '0.1.0',
      health,
      uptime_s: 1,
    },
  });

test('MADs come first, in the order of the house; Rogers is among them though nobody registers it', () => {
  const beats = new Beats();
  beats.add(beat('librarian', 'HEALTHY'));
  const given = group(
    connection('a-client'),
    connection('fiedler'),
    connection('librarian'),
    connection('grace'),
  );
  expect(membersOf(given, beats).map(({ id, isMad }) => [id, isMad])).toEqual([
    ['rogers', true],
    ['grace', true],
    ['fiedler', true],
    ['librarian', true],
    ['a-client', false],
  ]);
});

test('a MAD that is heard is as it says it is; one that is not is as Rogers says', () => {
  const beats = new Beats();
  beats.add(beat('fiedler', 'DEGRADED'));
  beats.add(beat('grace', 'HEALTHY'));
  const members = membersOf(group(connection('fiedler'), connection('grace', 'STALE')), beats);
  expect(members.map(({ id, condition }) => [id, condition])).toEqual([
    ['rogers', 'HEALTHY'],
    ['grace', 'STALE'],
    ['fiedler', 'DEGRADED'],
  ]);
});

test('instances count while they beat; a goodbye, or a minute of silence, ends one', () => {
  const beats = new Beats();
  const instances = () =>
    membersOf(group(connection('grace')), beats).find(({ id }) => id === 'grace')?.instances;
  beats.add(beat('grace', 'HEALTHY', { instance: '1' }));
  beats.add(beat('grace', 'HEALTHY', { instance: '2' }));
  expect(instances()).toBe(2);
  beats.add(beat('grace', 'STOPPING', { instance: '2' }));
  expect(instances()).toBe(1);
  beats.add(beat('grace', 'HEALTHY', { instance: '3', ms: 1_070_000 }));
  expect(instances()).toBe(1);
});

test('nobody beats for another', () => {
  const beats = new Beats();
  const forged = beat('fiedler', 'DEGRADED');
  if (forged.type === 'message')
    beats.add({ ...forged, message: { ...forged.message, sender_id: 'mallory' } });
  expect(beats.has('fiedler')).toBe(false);
});

test('what a MAD of ours is for is said, and nothing made up of others', () => {
  const members = membersOf(
    group(connection('fiedler'), connection('librarian'), connection('toString')),
    new Beats(),
  );
  const purposes = Object.fromEntries(members.map(({ id, purpose }) => [id, purpose]));
  expect(purposes).toMatchObject({ fiedler: 'takes prompts as tasks', librarian: null, toString: null });
});
