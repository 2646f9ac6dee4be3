import { forTerminalLine } from '@mad-group/mad/admin';
import { type KeyOptions, parseKeyOptions } from './key-options.ts';
import { KeyRefusal, type PublicKey, parsePublicKey } from './public-key.ts';

/** A key that may log in, as its line has it. */
export interface AuthorizedKey extends PublicKey {
  readonly line: number;
  readonly comment: string;
  readonly options: KeyOptions;
  /** The options as they are written: a key with others is another one to whoever is logged in. */
  readonly optionText: string;
}

interface LineProblem {
  readonly line: number;
  /** In words that follow the number of the line. */
  readonly reason: string;
}

export interface AuthorizedKeys {
  readonly keys: readonly AuthorizedKey[];
  readonly problems: readonly LineProblem[];
}

/** The options, up to a space that is in no quotes; then type, key and comment. */
const WITH_OPTIONS = /^((?:[^\s"]|"(?:[^"\\]|\\.)*")+)\s+(\S+)\s+(\S+)(?:\s+(.*))?$/;
const WITHOUT_OPTIONS = /^(\S+)\s+(\S+)(?:\s+(.*))?$/;
/** Goes along with each record of what was done with the key. */
const MAX_COMMENT_CHARS = 200;
/** Types begin so, and no option does. */
const KEY_TYPE = /^(?:ssh|ecdsa|sk)-\S+$/;

/**
 * The keys of an `authorized_keys`, as sshd(8) describes the file. A line that cannot be kept to the
 * letter is refused and told of; the others count.
 *
 * @param isCommand whether a line is one of the MAD's commands, for `command="…"`
 */
export function parseAuthorizedKeys(text: string, isCommand: (line: string) => boolean): AuthorizedKeys {
  const keys = new Map<string, AuthorizedKey>();
  const problems: LineProblem[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    const line = index + 1;
    try {
      const key = parseLine(content, line, isCommand);
      const same = keys.get(key.fingerprint);
      if (same) throw new KeyRefusal(`the key of line ${same.line} again`);
      keys.set(key.fingerprint, key);
    } catch (error) {
      if (!(error instanceof KeyRefusal)) throw error;
      problems.push({ line, reason: error.message });
    }
  }
  return { keys: [...keys.values()], problems };
}

function parseLine(content: string, line: number, isCommand: (line: string) => boolean): AuthorizedKey {
  const bare = KEY_TYPE.test(content.split(/\s/, 1)[0] as string);
  const [, ...parts] = (bare ? WITHOUT_OPTIONS : WITH_OPTIONS).exec(content) ?? [];
  const [optionText, type, base64, comment = ''] = bare ? ['', ...parts] : parts;
  if (optionText === undefined || type === undefined || base64 === undefined) {
    throw new KeyRefusal('it is no public key: those are lines of [options] type key [comment]');
  }
  const key = parsePublicKey(type, base64);
  const options = parseKeyOptions(optionText, isCommand);
  const words = forTerminalLine(comment).trim().slice(0, MAX_COMMENT_CHARS);
  return { ...key, line, comment: words, options, optionText };
}
