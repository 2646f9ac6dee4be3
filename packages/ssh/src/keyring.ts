import { readFileSync, statSync } from 'node:fs';
import { watchText } from '@mad-group/mad';
import type { Logger } from '@mad-group/protocol';
import { type AuthorizedKey, type AuthorizedKeys, parseAuthorizedKeys } from './authorized-keys.ts';

export interface KeyRing {
  readonly size: number;
  /** The key of these bytes, where it may log in. */
  find(blob: Buffer): AuthorizedKey | undefined;
  /** Whether who logged in with it may stay: it is there, with the same options, and has not expired. */
  holds(key: AuthorizedKey, nowMs: number): boolean;
  stop(): void;
}

export interface KeyRingOptions {
  /** Path of the `authorized_keys`. */
  readonly path: string;
  /** Whether a line is one of the MAD's commands, for `command="…"`. */
  readonly isCommand: (line: string) => boolean;
  readonly log: Logger;
  /** How often to look at the file, in milliseconds. Default 2,000. */
  readonly intervalMs?: number | undefined;
}

/** Far more keys than people; what is larger is another file. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * The keys that may log in, read again whenever the file changes. While it cannot be read there are
 * none: a key must not outlive its file. Lines that are refused are logged with their numbers.
 */
export function openKeyRing({ path, isCommand, log, intervalMs = 2000 }: KeyRingOptions): KeyRing {
  let keys = new Map<string, AuthorizedKey>();
  let problem = '';

  function read(): string {
    try {
      const text = readKeyFile(path);
      problem = '';
      return text;
    } catch (error) {
      const reason = inWords(error as NodeJS.ErrnoException);
      // It is looked at again and again; told once.
      if (reason !== problem)
        log.error({ file: path, reason }, `No SSH key is taken from ${path}: ${reason}`);
      problem = reason;
      return '';
    }
  }
  function take(text: string): void {
    const parsed: AuthorizedKeys = parseAuthorizedKeys(text, isCommand);
    keys = new Map(parsed.keys.map((key) => [key.fingerprint, key]));
    for (const { line, reason } of parsed.problems) {
      log.error({ file: path, line, reason }, `Line ${line} of authorized_keys is refused: ${reason}`);
    }
    log.info({ file: path, keys: keys.size, refused: parsed.problems.length }, 'SSH keys read');
  }

  const text = read();
  take(text);
  const watched = watchText(read, text, take, () => undefined, intervalMs);
  return {
    get size() {
      return keys.size;
    },
    find: (blob) => [...keys.values()].find((key) => key.blob.equals(blob)),
    holds(key, nowMs) {
      const same = keys.get(key.fingerprint);
      return (
        same?.optionText === key.optionText && nowMs < (key.options.expiresMs ?? Number.POSITIVE_INFINITY)
      );
    },
    stop: watched.stop,
  };
}

/** @throws Error, in words, where it is no file that may decide who logs in */
function readKeyFile(path: string): string {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error('it is a folder, not a file');
  if ((stat.mode & 0o002) !== 0) throw new Error('everyone on the machine may write it: chmod o-w');
  if (stat.size > MAX_FILE_BYTES) throw new Error('it is larger than 1 MiB');
  return readFileSync(path, 'utf8');
}

function inWords({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'it is not there';
  if (code === 'EACCES' || code === 'EPERM') return 'this process may not read it';
  return message;
}
