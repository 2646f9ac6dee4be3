/** Where a text stops being JSON, and why. */
export interface JsonFault {
  /** In UTF-16 units from the beginning. */
  readonly offset: number;
  readonly reason: string;
}

class Fault extends Error {
  readonly fault: JsonFault;
  constructor(offset: number, reason: string) {
    super(reason);
    this.fault = { offset, reason };
  }
}

const LITERAL = /true|false|null/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const MAX_DEPTH = 1_000;

/**
 * The first place where a text is not JSON (RFC 8259); null where it is. `JSON.parse` is what
 * decides; this is asked only afterwards, since its messages do not always say the place.
 */
export function findJsonFault(text: string): JsonFault | null {
  let at = 0;

  const skipSpace = (): void => {
    while (' \t\n\r'.includes(text[at] ?? 'x')) at += 1;
  };
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const fail = (reason: string): never => {
    throw new Fault(at, at >= text.length ? `it ends here, but ${reason}` : reason);
  };

  const string = (): void => {
    at += 1;
    while (text[at] !== '"') {
      const char = text[at];
      if (char === undefined) fail('a string is not closed with "');
      else if (char < ' ') fail('a line end or control character stands in a string; write \\n for it');
      else if (char === '\\') {
        if (!take(ESCAPE)) fail('this escape is not known in JSON; a plain backslash is written \\\\');
      } else at += 1;
    }
    at += 1;
  };

  const members = (close: string, member: () => void): void => {
    at += 1;
    skipSpace();
    if (text[at] === close) {
      at += 1;
      return;
    }
    for (;;) {
      member();
      skipSpace();
      if (text[at] === close) break;
      if (text[at] !== ',') fail(`a comma or ${close} is expected`);
      at += 1;
      skipSpace();
      if (text[at] === close) fail(`a comma must not stand before ${close}`);
    }
    at += 1;
  };

  const value = (depth: number): void => {
    skipSpace();
    const char = text[at];
    if (depth > MAX_DEPTH) fail('it is nested too deeply');
    if (char === '{') {
      members('}', () => {
        if (text[at] !== '"') fail('a field name in double quotes is expected');
        string();
        skipSpace();
        if (text[at] !== ':') fail('a colon is expected after the field name');
        at += 1;
        value(depth + 1);
      });
    } else if (char === '[') members(']', () => value(depth + 1));
    else if (char === '"') string();
    else if (!take(LITERAL) && !take(NUMBER)) {
      fail(char === "'" ? 'text stands in double quotes, not in single ones' : 'a value is expected');
    }
  };

  try {
    value(0);
    skipSpace();
    if (at < text.length) fail('nothing more is expected');
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.fault;
    throw error;
  }
}
