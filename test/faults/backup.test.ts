// Backups of a Fiedler that works, and restores: of one moment, never over data by mistake.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { connectTools } from '@mad-group/mad';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FickleProvider, startFickleProvider } from '../kit/fickle-provider.ts';
import { createFiedlerPlace, type Fiedler } from '../kit/fiedler.ts';
import { run, start } from '../kit/process.ts';
import { figure, scaled } from '../kit/scale.ts';

const BACKUPS = scaled({ short: 2, full: 20 });
const TASKS_BEFORE = scaled({ short: 100, full: 2_000 });

let redis: TestRedis;
let provider: FickleProvider;
let fiedler: Fiedler;
let folder: string;

beforeAll(async () => {
  redis = await startRedis();
  provider = await startFickleProvider({ tokens: 10, delayMs: 10 });
});
afterAll(async () => {
  await provider.stop();
  await redis.stop();
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mad-backup-'));
  fiedler = await createFiedlerPlace({ redis, providerUrl: provider.baseUrl });
});
afterEach(async () => {
  await fiedler.remove();
  rmSync(folder, { recursive: true, force: true });
});

const cli = (...args: string[]) => run('mad-cli', [...args, '--mad', 'fiedler'], { ...fiedler.env });

/** What must hold within each task of a copy: its newest state is its last event, numbers have no gap. */
function look(path: string) {
  const database = new Database(path, { readonly: true });
  const integrity = String(database.pragma('integrity_check', { simple: true }));
  const ids = database.prepare<[], { task_id: string }>('SELECT task_id FROM tasks').all();
  const torn = database
    .prepare<[], { torn: number }>(`
      SELECT count(*) AS torn FROM tasks t WHERE
        (SELECT max(seq) FROM task_events WHERE task = t.id) != (SELECT count(*) FROM task_events WHERE task = t.id)
        OR (SELECT json_extract(data, '$.status') FROM task_events
            WHERE task = t.id AND type = 'state' ORDER BY seq DESC LIMIT 1) != t.status`)
    .get()?.torn;
  const counted = database
    .prepare<[], { tasks: number }>('SELECT sum(tasks) AS tasks FROM task_counts')
    .get();
  database.close();
  return { integrity, torn, counted: counted?.tasks, ids: new Set(ids.map(({ task_id }) => task_id)) };
}

test('each backup of a working Fiedler is one moment of it, and Fiedler goes on from any of them', async () => {
  const life = await fiedler.start();
  const client = await connectTools(fiedler.url);
  const acknowledged: string[] = [];
  const submit = async (): Promise<void> => {
    const input = { requester_id: 'r', prompt: `What of ${acknowledged.length}?` };
    acknowledged.push(String((await client.callOrThrow('fiedler_converse', input)).task_id));
  };
  let working = true;
  await Promise.all(Array.from({ length: TASKS_BEFORE }, submit));
  const work = (async () => {
    while (working) await Promise.all(Array.from({ length: 10 }, submit));
  })();
  const tookMs: number[] = [];
  const sizes: number[] = [];
  try {
    for (let n = 0; n < BACKUPS; n += 1) {
      const known = [...acknowledged];
      const file = join(folder, `${n}.db`);
      const made = await cli('backup', file);
      expect(made).toMatchObject({ code: 0, stderr: '' });
      tookMs.push(made.durationMs);
      sizes.push((JSON.parse(made.stdout) as { bytes: number }).bytes);
      const found = look(file);
      expect(found).toMatchObject({ integrity: 'ok', torn: 0, counted: found.ids.size });
      expect(known.filter((id) => !found.ids.has(id))).toEqual([]);
    }
  } finally {
    working = false;
    await work;
    await client.close();
    await life.stop('SIGKILL');
  }

  const last = join(folder, `${BACKUPS - 1}.db`);
  const saved = look(last);
  const refused = await cli('restore', last);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('holds data, and nothing was changed. --force replaces it');
  const restored = await cli('restore', last, '--force');
  expect(restored).toMatchObject({ code: 0, stderr: '' });
  const { kept } = JSON.parse(restored.stdout) as { kept: string };
  expect(look(kept).ids.size).toBe(acknowledged.length);

  const second = await fiedler.start();
  const reader = await connectTools(fiedler.url);
  try {
    const states = async () => {
      const database = new Database(fiedler.databasePath, { readonly: true });
      const rows = database.prepare<[], { status: string }>('SELECT DISTINCT status FROM tasks').all();
      database.close();
      return rows.map(({ status }) => status);
    };
    await expect.poll(states).toEqual(['COMPLETED']);
    expect(look(fiedler.databasePath).ids).toEqual(saved.ids);
  } finally {
    await reader.close();
    await second.stop('SIGKILL');
  }
  figure('backup while working', {
    backups: BACKUPS,
    tasks_in_the_last: saved.ids.size,
    tasks_acknowledged: acknowledged.length,
    largest_bytes: Math.max(...sizes),
    longest_ms: Math.round(Math.max(...tookMs)),
  });
});

test('a restore under a running Fiedler is refused with --force too, and a backup overwrites nothing', async () => {
  const life = await fiedler.start();
  try {
    const file = join(folder, 'a.db');
    expect((await cli('backup', file)).code).toBe(0);
    const bytes = readFileSync(file);
    const again = await cli('backup', file);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') });
    expect(readFileSync(file).equals(bytes)).toBe(true);
    const refused = await cli('restore', file, '--force');
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Another process has the database'),
    });
    expect((await life.stop()).code).toBe(0);
  } finally {
    await life.stop('SIGKILL');
  }
});

test('a backup that is killed leaves no file of that name', async () => {
  const life = await fiedler.start();
  try {
    const file = join(folder, 'a.db');
    const backup = start('mad-cli', ['backup', file, '--mad', 'fiedler'], { ...fiedler.env });
    const ended = once(backup.child, 'exit');
    backup.child.kill('SIGKILL');
    await ended;
    expect((await cli('backup', file)).code).toBe(0);
    expect(look(file).integrity).toBe('ok');
  } finally {
    await life.stop('SIGKILL');
  }
});
