import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ssh2 from 'ssh2';
import { fingerprintOf } from './public-key.ts';

export interface HostKey {
  /** In OpenSSH's own format. */
  readonly text: string;
  readonly fingerprint: string;
}

/**
 * The ed25519 key by which clients know the MAD, kept beside its database. It is made at the first
 * start, and never again while the file is there: clients warn of another one.
 *
 * @throws Error, in words, where the file cannot be read, is none, or cannot be made
 */
export function loadHostKey(dataDir: string, madId: string): HostKey {
  const path = join(dataDir, `${madId}_ssh_host_ed25519_key`);
  const text = readIfThere(path) ?? makeHostKey(path, madId);
  const parsed = ssh2.utils.parseKey(text);
  // Some volumes are opened to the group when they are mounted.
  chmodSync(path, 0o600);
  if (parsed instanceof Error || parsed.type !== 'ssh-ed25519' || !parsed.isPrivateKey()) {
    throw new Error(
      `${path} is no ed25519 host key. Put it back from where it was kept, or remove it: then a new one is made, and clients warn that the host has changed.`,
    );
  }
  return { text, fingerprint: fingerprintOf(parsed.getPublicSSH()) };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** All of it or nothing is in the file, whenever the process or the power ends. */
function makeHostKey(path: string, madId: string): string {
  const text = ssh2.utils.generateKeyPairSync('ed25519', { comment: madId }).private;
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
  return text;
}
