import { type ToolAnswers, typedCommands } from '@mad-group/mad/admin/testing';
import type { Connection, Stat } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { ROGERS_COMMANDS } from './admin-commands.ts';

const { run } = typedCommands('Rogers V1', ROGERS_COMMANDS);

const stat = (hour: number, sender_id: string, topic_pattern: string, total_messages: number): Stat => ({
  hour_timestamp: `2026-01-31T0${hour}:00:00Z`,
  sender_id,
  topic_pattern,
  total_messages,
});
const ROWS = [
  stat(9, 'rogers', 'mad.system', 3),
  stat(9, 'grace', 'mad.topic', 2),
  stat(8, 'grace', 'mad.direct', 5),
  stat(8, 'grace', 'mad.topic', 40),
];
/** A reply holds two rows. */
const stats: ToolAnswers = {
  rogers_get_stats({ before }) {
    const from = Number(before ?? 0);
    const more = from + 2 < ROWS.length ? { truncated: true, next_before: String(from + 2) } : {};
    return { status: 'success', stats: ROWS.slice(from, from + 2), ...more };
  },
};

test('rogers-connections takes no words', async () => {
  expect(await run('rogers-connections fiedler', {})).toEqual([
    2,
    '',
    'rogers-connections: takes no words, and was given 1: fiedler.\n',
  ]);
});

test('rogers-connections prints what the first implementation printed', async () => {
  const connection = (mad_id: string, status: Connection['status']): Connection => ({
    mad_id,
    status,
    connected_at: '2026-01-31T09:00:00.000Z',
    last_heartbeat: '2026-01-31T09:05:03.000Z',
  });
  const connections = [connection('fiedler', 'HEALTHY'), connection('grace\n\u001b[2J', 'STALE')];
  expect(
    await run('rogers-connections', { rogers_get_connections: () => ({ status: 'success', connections }) }),
  ).toEqual([
    0,
    `--- Showing 2 MAD Connections ---
ID     : fiedler
  Status : HEALTHY
  Last   : 2026-01-31T09:05:03.000Z

ID     : grace [2J
  Status : STALE
  Last   : 2026-01-31T09:05:03.000Z

`,
    '',
  ]);
  const none = { rogers_get_connections: () => ({ status: 'success', connections: [] }) };
  expect((await run('rogers-connections', none))[1]).toBe('No active connections found.\n');
});

test('rogers-stats prints every row as JSON, however many replies they are', async () => {
  const [code, out] = await run('rogers-stats 24', stats);
  expect([code, JSON.parse(out)]).toEqual([0, ROWS]);
  expect(out).toMatch(/^\[\n {2}\{\n {4}"hour_timestamp": /);
});

test('rogers-topics sums up each sender’s topics', async () => {
  expect(await run('rogers-topics', stats)).toEqual([
    0,
    `--- Topic Summary (Last 24 Hours) ---
grace           -> mad.direct      : 5 msgs
grace           -> mad.topic       : 42 msgs
rogers          -> mad.system      : 3 msgs
`,
    '',
  ]);
});

test('hours are handed on, and say so where there is nothing', async () => {
  const hours: unknown[] = [];
  const empty: ToolAnswers = {
    rogers_get_stats(input) {
      hours.push(input.hours);
      return { status: 'success', stats: [] };
    },
  };
  expect((await run('rogers-stats', empty))[1]).toBe('No stats found for the last 1 hour(s).\n');
  expect((await run('rogers-topics 8760', empty))[1]).toBe('No stats found for the last 8760 hour(s).\n');
  expect(hours).toEqual([1, 8760]);
});

test.each(['0', '-5', '8761', 'x'])('rogers-stats %s is refused in words', async (hours) => {
  const [code, , err] = await run(`rogers-stats ${hours}`, stats);
  expect([code, err]).toEqual([
    2,
    `rogers-stats: HOURS must be a whole number from 1 to 8760, not '${hours}'.\n`,
  ]);
});
