// The script that starts the bus in its containers: what it mends of an append-only file, and what not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@mad-group/bus/testing';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { ROOT, type Running, start } from '../kit/process.ts';

const FILES = join(ROOT, 'charts/mad-group/charts/redis/files');
const PASSWORD = 'a "pass\\word" with $igns';
const folders: string[] = [];
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mad-redis-start-'));
  folders.push(folder);
  const conf = readFileSync(join(FILES, 'redis.conf'), 'utf8').replace('dir /data', `dir ${folder}`);
  writeFileSync(join(folder, 'redis.conf'), conf);
  return folder;
}

/** The bus as its container starts it; `redis` is null where it did not start. */
async function startBus(folder: string): Promise<{ running: Running; redis: Redis | null }> {
  const [port] = (await freePorts(1)) as [number];
  const env = {
    REDIS_PASSWORD: PASSWORD,
    REDIS_DATA: folder,
    REDIS_CONF: join(folder, 'redis.conf'),
    TMPDIR: folder,
  };
  const running = start(
    'sh',
    [join(FILES, 'redis-start.sh'), '--port', String(port), '--bind', '127.0.0.1'],
    env,
  );
  ends.push(() => running.stop('SIGKILL'));
  const redis = new Redis({ port, password: PASSWORD, retryStrategy: () => 50, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  ends.push(async () => redis.disconnect());
  const up = await Promise.race([redis.ping().then(() => true), running.finished.then(() => false)]);
  return { running, redis: up ? redis : null };
}

/** Folder of a bus that holds keys 0 to 999 and was killed. */
async function killedBus(): Promise<{ folder: string; file: string }> {
  const folder = newFolder();
  const { running, redis } = await startBus(folder);
  for (let key = 0; key < 1000; key += 1) await redis?.set(`key:${key}`, 'x'.repeat(20));
  await running.stop('SIGKILL');
  return { folder, file: join(folder, 'appendonlydir/appendonly.aof.1.incr.aof') };
}

test('a password of any characters opens it, and nobody else is let in', async () => {
  const { redis } = await startBus(newFolder());
  expect(await redis?.ping()).toBe('PONG');
  const port = redis?.options.port as number;
  const child = spawn('redis-cli', ['-p', String(port), 'ping'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  await once(child, 'close');
  expect(out).toContain('NOAUTH');
});

test('a torn transaction at the end is cut off, and all before it is there', async () => {
  const { folder, file } = await killedBus();
  appendFileSync(file, '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\ntorn\r\n$1\r\n1\r\n');
  const { redis } = await startBus(folder);
  expect(await redis?.dbsize()).toBe(1000);
  expect(await redis?.exists('torn')).toBe(0);
});

test('a command that was cut in its midst is cut off', async () => {
  const { folder, file } = await killedBus();
  truncateSync(file, statSync(file).size - 7);
  const { redis } = await startBus(folder);
  expect(await redis?.dbsize()).toBe(999);
});

test('zeros at the end, as a loss of power leaves them, are cut off', async () => {
  const { folder, file } = await killedBus();
  appendFileSync(file, Buffer.alloc(4096));
  const { redis } = await startBus(folder);
  expect(await redis?.dbsize()).toBe(1000);
});

test('a file that is damaged in its midst is left as it is, and the bus does not start', async () => {
  const { folder, file } = await killedBus();
  const bytes = readFileSync(file);
  bytes.fill(0, 20_000, 20_010);
  writeFileSync(file, bytes);
  const { running, redis } = await startBus(folder);
  expect(redis).toBeNull();
  const { code, stderr } = await running.finished;
  expect(code).toBe(1);
  expect(stderr).toContain('damaged in its midst');
  expect(readFileSync(file).equals(bytes)).toBe(true);
});
