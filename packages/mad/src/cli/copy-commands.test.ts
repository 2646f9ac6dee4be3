import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@mad-group/protocol';
import { openDatabase, TASK_MIGRATIONS } from '@mad-group/tasks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeIo } from './fake-io.test-support.ts';
import { runMadCli } from './mad-cli.ts';
import { runToEnd } from './process-io.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mad-copy-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const openState = (madId: string) =>
  openDatabase({
    path: join(folder, `${madId}_state.db`),
    log: silentLogger,
    migrations: TASK_MIGRATIONS,
    lockWaitMs: 0,
  });

async function cli(...args: string[]) {
  const io = fakeIo({ env: { DATA_DIR: folder } });
  const code = await runToEnd('mad-cli', runMadCli, args, io);
  return { code, out: io.out(), err: io.err() };
}

test('a running MAD is backed up, and a stopped one gets its backup back', async () => {
  const database = openState('fiedler');
  const file = join(folder, 'saved.db');
  const saved = await cli('backup', file);
  expect(saved).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(saved.out)).toMatchObject({ status: 'success', mad_id: 'fiedler', file });

  const running = await cli('restore', file, '--force');
  expect(running.code).toBe(1);
  expect(running.err).toContain('Another process has the database');

  database.close();
  const full = await cli('restore', file);
  expect(full.code).toBe(1);
  expect(full.err).toContain('--force replaces it');
  const restored = await cli('restore', file, '--force');
  expect(restored.code).toBe(0);
  expect(JSON.parse(restored.out).kept).toContain('fiedler_state.db.replaced-');
  openState('fiedler').close();
});

test('a backup overwrites nothing', async () => {
  openState('fiedler').close();
  writeFileSync(join(folder, 'mine'), 'mine');
  expect(await cli('backup', join(folder, 'mine'))).toMatchObject({
    code: 1,
    err: expect.stringContaining('is there already'),
  });
});

test('where there are several databases it is asked whose', async () => {
  openState('fiedler').close();
  openState('rogers').close();
  const asked = await cli('backup', join(folder, 'x'));
  expect(asked).toMatchObject({ code: 2, err: expect.stringContaining('fiedler and rogers') });
  expect((await cli('backup', join(folder, 'x'), '--mad', 'rogers')).code).toBe(0);
});

test.each([
  [['backup'], 'backup takes one file'],
  [['restore', 'a', 'b'], 'restore takes one file'],
  [['backup', 'a', '--url', 'ws://x'], 'without --url'],
  [['backup', 'a', '--force'], 'overwrites nothing'],
  [['fiedler_converse', '--force'], '--force is for restore'],
  [['restore', 'a', '--mad', '../x'], 'takes a name'],
  [['backup', 'a'], 'holds no database'],
])('%j is called wrongly and says how', async (args, words) => {
  expect(await cli(...args)).toMatchObject({ code: 2, err: expect.stringContaining(words) });
  expect(readdirSync(folder)).toEqual([]);
});

test('a file that is not there, and the help', async () => {
  expect(await cli('restore', join(folder, 'none'), '--mad', 'fiedler')).toMatchObject({ code: 1 });
  expect((await cli('backup', '--help')).out).toContain('The MAD may run.');
  expect((await cli('restore', '--help')).out).toContain('--force');
});
