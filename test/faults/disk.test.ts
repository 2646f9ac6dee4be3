// Disks that are full or take no writes, databases that are damaged or from a later version.

import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { connectTools, type ToolClient } from '@mad-group/mad';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type FickleProvider, startFickleProvider } from '../kit/fickle-provider.ts';
import { createFiedlerPlace, type Fiedler } from '../kit/fiedler.ts';
import { freePorts } from '../kit/free-ports.ts';
import { run, start } from '../kit/process.ts';
import { figure, scaled } from '../kit/scale.ts';
import { createSmallDisk, type SmallDisk } from '../kit/small-disk.ts';

const RUNNING = scaled({ short: 10, full: 40 });
const DISK_MIB = scaled({ short: 16, full: 64 });

let redis: TestRedis;
let provider: FickleProvider;
let disk: SmallDisk;
let fiedler: Fiedler;

beforeAll(async () => {
  redis = await startRedis();
  provider = await startFickleProvider({ tokens: 30, delayMs: 100 });
});
afterAll(async () => {
  await provider.stop();
  await redis.stop();
});
beforeEach(async () => {
  disk = createSmallDisk(DISK_MIB);
  const env = { DATA_DIR: join(disk.path, 'data'), TASK_CONCURRENCY: String(RUNNING) };
  fiedler = await createFiedlerPlace({ redis, providerUrl: provider.baseUrl, env });
});
afterEach(async () => {
  await fiedler.remove();
  disk.remove();
});

const databasePath = (): string => join(disk.path, 'data', 'fiedler_state.db');

async function readiness(): Promise<{ code: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${fiedler.env.PLATFORM_PORT}/readyz`);
  return { code: response.status, body: await response.text() };
}

const submit = (client: ToolClient, prompt: string) =>
  client.call('fiedler_converse', { requester_id: 'r', prompt });

/** Submits until the disk takes no more; gives the tasks that were acknowledged and the refusal. */
async function submitUntilRefused(client: ToolClient, acknowledged: string[]) {
  for (;;) {
    const reply = await submit(client, `More, and more of it. ${'x'.repeat(2_000)}`);
    if (reply.status === 'error') return reply;
    acknowledged.push(String(reply.task_id));
  }
}

async function statesOf(client: ToolClient, ids: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const task_id of ids) {
    const { status } = await client.callOrThrow('fiedler_get_task_status', { task_id });
    counts[String(status)] = (counts[String(status)] ?? 0) + 1;
  }
  return counts;
}

function inspect(path: string) {
  const database = new Database(path, { readonly: true });
  const ids = database.prepare<[], { task_id: string }>('SELECT task_id FROM tasks').all();
  const attempts = database.prepare<[], { most: number }>('SELECT max(attempt) AS most FROM tasks').get();
  const integrity = String(database.pragma('integrity_check', { simple: true }));
  database.close();
  return { ids: ids.map(({ task_id }) => task_id), attempts: attempts?.most, integrity };
}

test('a disk that fills up: no acknowledgement without a commit, not ready, and all goes on when there is room', async () => {
  const life = await fiedler.start();
  const client = await connectTools(fiedler.url);
  try {
    const acknowledged: string[] = [];
    const release = provider.hold();
    for (let n = 0; n < RUNNING; n += 1) {
      acknowledged.push(String((await submit(client, `What of ${n}?`)).task_id));
    }
    await expect.poll(provider.streaming).toBe(RUNNING);
    disk.fill();
    const refusal = await submitUntilRefused(client, acknowledged);
    expect(refusal).toMatchObject({
      code: 'database_unavailable',
      message: expect.stringMatching(
        /cannot be written: database or disk is full .*Check the disk's free space/,
      ),
    });
    await expect.poll(readiness).toMatchObject({
      code: 503,
      body: expect.stringMatching(/Its database is not writable: database or disk is full/),
    });
    const status = await run('mad-status', ['--mad', 'fiedler'], { ...fiedler.env });
    expect(status.code).toBe(1);
    expect(status.stdout).toContain('- Database Status: database or disk is full');

    release();
    // The answers come to their end while nothing can be stored: none of them may look complete.
    await expect.poll(provider.streaming).toBe(0);
    const stuck = await statesOf(client, acknowledged);
    expect(stuck.FAILED ?? 0).toBe(0);
    expect((stuck.RUNNING ?? 0) + (stuck.STREAMING ?? 0)).toBeGreaterThan(0);

    const roomMs = performance.now();
    disk.makeRoom();
    await expect.poll(readiness).toMatchObject({ code: 200 });
    const readyAgainMs = performance.now() - roomMs;
    const completed = { COMPLETED: acknowledged.length };
    await expect.poll(() => statesOf(client, acknowledged), { timeout: 300_000 }).toEqual(completed);
    const found = inspect(databasePath());
    expect(found).toMatchObject({ attempts: 1, integrity: 'ok' });
    expect(found.ids.sort()).toEqual(acknowledged.sort());
    expect(life.running.output()).toMatch(/database or disk is full/);
    figure('full disk', {
      disk_mib: DISK_MIB,
      acknowledged: acknowledged.length,
      stored: found.ids.length,
      unfinished_while_full: (stuck.RUNNING ?? 0) + (stuck.STREAMING ?? 0),
      completed_without_restart: acknowledged.length,
      ready_again_ms: Math.round(readyAgainMs),
    });
  } finally {
    await client.close();
    await life.stop('SIGKILL');
  }
});

test('a disk that takes no writes any more: refused and not ready; repaired, everything acknowledged is there', async () => {
  const life = await fiedler.start();
  const client = await connectTools(fiedler.url);
  const acknowledged: string[] = [];
  const release = provider.hold();
  try {
    for (let n = 0; n < RUNNING * 2; n += 1) {
      acknowledged.push(String((await submit(client, `What of ${n}?`)).task_id));
    }
    await expect.poll(provider.streaming).toBe(RUNNING);
    disk.failUnderUse();
    expect(await submitUntilRefused(client, acknowledged)).toMatchObject({ code: 'database_unavailable' });
    await expect.poll(readiness).toMatchObject({
      code: 503,
      body: expect.stringContaining('Its database is not writable'),
    });
    // What is stored can still be read.
    expect(await client.call('fiedler_get_task_status', { task_id: acknowledged[0] })).toMatchObject({
      task_id: acknowledged[0],
    });
  } finally {
    release();
    await client.close();
    await life.stop('SIGKILL');
  }
  disk.repair();
  const second = await fiedler.start();
  const reader = await connectTools(fiedler.url);
  try {
    const completed = { COMPLETED: acknowledged.length };
    await expect.poll(() => statesOf(reader, acknowledged)).toEqual(completed);
    const found = inspect(databasePath());
    expect(found.integrity).toBe('ok');
    expect(found.ids.sort()).toEqual(acknowledged.sort());
    figure('disk fails under use', { acknowledged: acknowledged.length, stored: found.ids.length });
  } finally {
    await reader.close();
    await second.stop('SIGKILL');
  }
});

/** Everything in a folder, byte by byte, but for what SQLite makes anew at each opening, and empty files. */
function bytesOf(folder: string): Record<string, string> {
  const files = readdirSync(folder).filter((file) => !/-shm$|\.lock/.test(file));
  const bytes = files.map((file) => [file, readFileSync(join(folder, file)).toString('base64')] as const);
  return Object.fromEntries(bytes.filter(([, text]) => text !== ''));
}

/** Starts a MAD that is to refuse, and tells what it said and whether it ever was ready. */
async function refusedStart(mad: string, dataDir: string) {
  const [port, platform] = (await freePorts(2)) as [number, number];
  const running = start('node', [`services/${mad}/src/main.ts`], {
    [`${mad.toUpperCase()}_PORT`]: String(port),
    PLATFORM_PORT: String(platform),
    DATA_DIR: dataDir,
    REDIS_URL: redis.url,
    LOG_LEVEL: 'error',
  });
  let everReady = false;
  const looking = setInterval(() => {
    fetch(`http://127.0.0.1:${platform}/readyz`).then(
      ({ ok }) => {
        everReady ||= ok;
      },
      () => undefined,
    );
  }, 20);
  const finished = await running.finished;
  clearInterval(looking);
  return { ...finished, everReady };
}

const DAMAGES: Record<string, { damage(path: string): void; words: RegExp }> = {
  'a damaged page': {
    damage(path) {
      const bytes = readFileSync(path);
      bytes.fill(0xff, 4096 * 3, 4096 * 4);
      writeFileSync(path, bytes);
    },
    words: /^The database at .* cannot be read: .*Nothing was changed\. Restore it from a backup/,
  },
  'a file that is no database': {
    damage: (path) => writeFileSync(path, 'my diary, not yours. '.repeat(1_000)),
    words: /^The database at .* cannot be read: file is not a database/,
  },
  'half of a file': {
    damage: (path) => writeFileSync(path, readFileSync(path).subarray(0, 4096 * 5 + 100)),
    words: /^The database at .* cannot be read: .*Nothing was changed/,
  },
  'a later version': {
    damage(path) {
      const database = new Database(path);
      database.exec("INSERT INTO schema_migrations VALUES ('tasks-999', '2031-01-01T00:00:00Z')");
      database.pragma('journal_mode = DELETE');
      database.close();
    },
    words:
      /^The database at .* was written by a later version \(tasks-999\)\. Nothing was changed\. Run that version/,
  },
};

const MADS = scaled({ short: ['fiedler'], full: ['fiedler', 'rogers'] });

test.each(MADS.flatMap((mad) => Object.keys(DAMAGES).map((name) => [mad, name] as const)))(
  '%s and %s: one clear line, never ready, not a byte changed',
  async (mad, name) => {
    const folder = mkdtempSync(join(tmpdir(), 'mad-damaged-'));
    const { damage, words } = DAMAGES[name] as (typeof DAMAGES)[string];
    try {
      cpSync(stateOf(mad), folder, { recursive: true });
      damage(join(folder, `${mad}_state.db`));
      const before = bytesOf(folder);
      const refused = await refusedStart(mad, folder);
      expect(refused).toMatchObject({ code: 1, everReady: false });
      const lines = refused.stderr.trimEnd().split('\n');
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(words);
      expect(bytesOf(folder)).toEqual(before);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

const states = new Map<string, string>();
beforeAll(async () => {
  for (const mad of MADS) states.set(mad, await makeState(mad));
});
afterAll(() => {
  for (const folder of states.values()) rmSync(folder, { recursive: true, force: true });
});
const stateOf = (mad: string): string => states.get(mad) as string;

/** A folder with the database that a MAD leaves which ran and was stopped. */
async function makeState(mad: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mad-state-'));
  const [port, platform] = (await freePorts(2)) as [number, number];
  const running = start('node', [`services/${mad}/src/main.ts`], {
    [`${mad.toUpperCase()}_PORT`]: String(port),
    PLATFORM_PORT: String(platform),
    DATA_DIR: folder,
    REDIS_URL: redis.url,
    LOG_LEVEL: 'error',
  });
  const ready = () =>
    fetch(`http://127.0.0.1:${platform}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await vi.waitFor(async () => expect(await ready()).toBe(true), { timeout: 100_000, interval: 50 });
  await running.stop();
  return folder;
}

test.each([
  ['full', /cannot be written: (database or disk is full|.*ENOSPC)/],
  ['read-only', /cannot be written: .*(EROFS|read-?only)/],
])('a start on a disk that is %s: one clear line, never ready, not a byte changed', async (kind, words) => {
  const saved = mkdtempSync(join(tmpdir(), 'mad-saved-'));
  const data = join(disk.path, 'data');
  try {
    mkdirSync(data);
    cpSync(stateOf('fiedler'), data, { recursive: true });
    if (kind === 'full') disk.fill();
    else disk.makeReadOnly();
    const before = bytesOf(data);
    const refused = await refusedStart('fiedler', data);
    expect(refused).toMatchObject({ code: 1, everReady: false });
    expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(refused.stderr).toMatch(words);
    expect(bytesOf(data)[`fiedler_state.db`]).toEqual(before[`fiedler_state.db`]);
    copyFileSync(join(data, 'fiedler_state.db'), join(saved, 'fiedler_state.db'));
    expect(inspect(join(saved, 'fiedler_state.db')).integrity).toBe('ok');
  } finally {
    rmSync(saved, { recursive: true, force: true });
  }
});
