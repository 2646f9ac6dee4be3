import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordingLog } from '@mad-group/protocol/testing';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KeyRing, openKeyRing } from './keyring.ts';

const publicLine = (comment = 'ada@desk'): string =>
  ssh2.utils.generateKeyPairSync('ed25519', { comment }).public.trim();
const blobOf = (line: string): Buffer => Buffer.from(line.split(' ')[1] as string, 'base64');
const ADA = publicLine();
const GRACE = publicLine('grace@ship');

let folder: string;
let path: string;
let ring: KeyRing | undefined;
let recorded: ReturnType<typeof recordingLog>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mad-keyring-'));
  path = join(folder, 'authorized_keys');
  recorded = recordingLog();
});
afterEach(() => {
  ring?.stop();
  rmSync(folder, { recursive: true });
});

function open(): KeyRing {
  ring = openKeyRing({ path, isCommand: () => true, log: recorded.log, intervalMs: 10 });
  return ring;
}
const messages = () => recorded.lines.map(({ message }) => message);
const holds = (line: string): boolean => ring?.find(blobOf(line)) !== undefined;

test('keys are read again when the file changes, as Kubernetes and editors change it', async () => {
  writeFileSync(path, ADA);
  open();
  expect([holds(ADA), holds(GRACE)]).toEqual([true, false]);
  writeFileSync(`${path}.next`, GRACE);
  renameSync(`${path}.next`, path);
  await expect.poll(() => [holds(ADA), holds(GRACE)]).toEqual([false, true]);
});

test('a refused line is told of with its number, at the start and at each change', async () => {
  writeFileSync(path, `# people\nssh-rsa AAAA old\n${ADA}\n`);
  open();
  const refusal = {
    level: 'error',
    facts: { file: path, line: 2, reason: expect.stringContaining('ssh-rsa keys are not taken here') },
    message: expect.stringMatching(/^Line 2 of authorized_keys is refused: ssh-rsa/),
  };
  expect(recorded.lines[0]).toEqual(refusal);
  expect(holds(ADA)).toBe(true);
  writeFileSync(path, `${ADA}\nhello\n`);
  await expect
    .poll(messages)
    .toContainEqual(expect.stringMatching(/^Line 2 of authorized_keys is refused: it is no/));
});

test('without its file there are no keys, told once; with it there are', async () => {
  writeFileSync(path, ADA);
  open();
  rmSync(path);
  await expect.poll(() => holds(ADA)).toBe(false);
  await expect.poll(messages).toContain(`No SSH key is taken from ${path}: it is not there`);
  writeFileSync(path, ADA);
  await expect.poll(() => holds(ADA)).toBe(true);
  expect(messages().filter((message) => message.startsWith('No SSH key'))).toHaveLength(1);
});

test.each([
  ['that everyone may write', () => chmodSync(path, 0o666), 'chmod o-w'],
  [
    'that is a folder',
    () => {
      rmSync(path);
      mkdirSync(path);
    },
    'it is a folder',
  ],
  ['that is huge', () => writeFileSync(path, `${'#'.repeat(1024 * 1024)}\n${ADA}`), 'larger than 1 MiB'],
])('a file %s lets nobody in', (_what, change, reason) => {
  writeFileSync(path, ADA);
  change();
  expect(open().size).toBe(0);
  expect(recorded.lines[0]?.facts.reason).toContain(reason);
});

test('who logged in may stay while the line is as it was, and has not expired', async () => {
  const line = `expiry-time="20300101Z" ${ADA}`;
  writeFileSync(path, line);
  const key = open().find(blobOf(ADA));
  if (!key) throw new Error('the key is not there');
  expect(ring?.holds(key, Date.UTC(2029, 11, 31))).toBe(true);
  expect(ring?.holds(key, Date.UTC(2030, 0, 1))).toBe(false);
  // The same key at another place is the same key; with other options it is not.
  writeFileSync(path, `# people\n${line}`);
  await expect.poll(() => ring?.find(blobOf(ADA))?.line).toBe(2);
  expect(ring?.holds(key, 0)).toBe(true);
  writeFileSync(path, `restrict ${ADA}`);
  await expect.poll(() => ring?.holds(key, 0)).toBe(false);
});
