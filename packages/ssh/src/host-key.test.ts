import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadHostKey } from './host-key.ts';
import { fingerprintIn } from './testing/openssh.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mad-host-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const path = () => join(folder, 'fiedler_ssh_host_ed25519_key');
const mode = (file: string): number => statSync(file).mode & 0o777;

test('a host key is made once, for its owner alone, and ssh-keygen reads it', () => {
  const made = loadHostKey(folder, 'fiedler');
  expect(mode(path())).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['fiedler_ssh_host_ed25519_key']);
  expect(loadHostKey(folder, 'fiedler')).toEqual(made);
  const printed = execFileSync('ssh-keygen', ['-l', '-f', path()], { encoding: 'utf8' });
  expect(fingerprintIn(printed)).toBe(made.fingerprint);
  expect(loadHostKey(folder, 'rogers').fingerprint).not.toBe(made.fingerprint);
});

test('a volume that opens it to the group does not keep it so', () => {
  loadHostKey(folder, 'fiedler');
  chmodSync(path(), 0o660);
  loadHostKey(folder, 'fiedler');
  expect(mode(path())).toBe(0o600);
});

test('what a start that was cut off left behind does no harm', () => {
  writeFileSync(`${path()}.new`, 'half a key');
  const made = loadHostKey(folder, 'fiedler');
  expect(readFileSync(path(), 'utf8')).toBe(made.text);
});

test.each(['', 'half a key'])('a file with %j in it is named, and not replaced', (text) => {
  writeFileSync(path(), text);
  expect(() => loadHostKey(folder, 'fiedler')).toThrow(/fiedler_ssh_host_ed25519_key is no ed25519 host key/);
  expect(readFileSync(path(), 'utf8')).toBe(text);
});
