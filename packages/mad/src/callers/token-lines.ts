import { readFileSync } from 'node:fs';
import { isScope, SCOPES, type Scope } from '@mad-group/protocol';

/** Shortest token that is taken, in characters. */
const MIN_TOKEN_LENGTH = 16;

export interface TokenLine {
  readonly name: string;
  readonly token: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** Bad lines of `MAD_TOKENS`. Its message names lines by their number and never holds a token. */
class TokenLinesError extends Error {
  constructor(problems: readonly string[]) {
    super(`MAD_TOKENS is not right:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'TokenLinesError';
  }
}

/**
 * Reads lines of `name token scope,scope`. Blank lines and lines that begin with `#` are skipped.
 *
 * @throws TokenLinesError that names every bad line
 */
export function parseTokenLines(text: string): TokenLine[] {
  const lines: TokenLine[] = [];
  const problems: string[] = [];
  const names = new Map<string, number>();
  const tokens = new Map<string, number>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const number = index + 1;
    const problem = (words: string): void => void problems.push(`line ${number}: ${words}.`);
    const [name, token, scopeList, ...rest] = line.split(/\s+/) as [string, ...string[]];
    if (token === undefined || scopeList === undefined || rest.length > 0) {
      problem('must be `name token scope,scope`');
      continue;
    }
    const scopes = scopeList.split(',').filter((scope) => scope !== '');
    if (scopes.length === 0 || !scopes.every(isScope)) {
      problem(`scopes must be of ${SCOPES.join(', ')}, with commas and no space between them`);
      continue;
    }
    if (token.length < MIN_TOKEN_LENGTH)
      problem(`the token must have at least ${MIN_TOKEN_LENGTH} characters`);
    if (names.has(name)) problem(`the name of line ${names.get(name)} again`);
    if (tokens.has(token)) problem(`the token of line ${tokens.get(token)} again`);
    names.set(name, number);
    tokens.set(token, number);
    lines.push({ name, token, scopes: new Set(scopes as Scope[]) });
  }
  if (problems.length > 0) throw new TokenLinesError(problems);
  return lines;
}

/** A token that is not in its line but in a file of its own, as a Secret of another's is mounted. */
const IN_A_FILE = /^(\s*[^#\s]\S*\s+)file:(\S+)(.*)$/gm;

/**
 * The lines with each `file:PATH` in the place of a token replaced by what that file holds. Who has no
 * file there is left out and told of: the others are no worse for it.
 */
export const withTokensFromFiles = (
  text: string,
  onMissing: (name: string, reason: string) => void,
  readFile = (path: string) => readFileSync(path, 'utf8'),
): string =>
  text.replaceAll(IN_A_FILE, (_, before: string, path: string, scopes: string) => {
    try {
      return `${before}${readFile(path).trim()}${scopes}`;
    } catch (error) {
      onMissing(before.trim(), (error as Error).message);
      return '';
    }
  });
