import { marked, type Token, type Tokens } from 'marked';

/** Where the page's commands are run; each has a session of its own. */
export const ENVIRONMENTS = ['npm', 'compose', 'kubernetes'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export interface Command {
  /** Line of the page that it begins at, from 1. */
  readonly line: number;
  readonly text: string;
  /** What the page shows below it, without the last line end. */
  readonly shown: string;
  /** Lines of the page that hold what is shown: the first, and the one after the last. */
  readonly shownLines: readonly [number, number];
  readonly exitCode: number;
}

interface BlockBase {
  readonly environment: Environment;
  /** Line of the page that its fence is at, from 1. */
  readonly line: number;
}
/** ```` ```console ENVIRONMENT [exit=N] ````: commands after `$ `, their further lines after `> `, and what they print. */
interface Session extends BlockBase {
  readonly kind: 'session';
  readonly commands: readonly Command[];
}
/** ```` ```LANGUAGE ENVIRONMENT file=PATH ````: a file that the reader makes. */
interface PageFile extends BlockBase {
  readonly kind: 'file';
  readonly path: string;
  readonly content: string;
}
export type Block = Session | PageFile;

/**
 * Every block of a page of Markdown, in order.
 *
 * @throws Error that names each block that is neither a session nor a file, by its line
 */
export function readPage(markdown: string): Block[] {
  const blocks: Block[] = [];
  const faults: string[] = [];
  let line = 1;
  for (const token of marked.lexer(markdown)) {
    for (const code of codeIn(token)) {
      try {
        if (code !== token) throw new Error('a block stands in a list or a quote: begin it at the margin');
        blocks.push(readBlock(code, line));
      } catch (error) {
        faults.push(`near line ${line}: ${(error as Error).message}`);
      }
    }
    line += token.raw.split('\n').length - 1;
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return blocks;
}

function codeIn(token: Token): Tokens.Code[] {
  const found: Tokens.Code[] = [];
  marked.walkTokens([token], (inner) => {
    if (inner.type === 'code') found.push(inner as Tokens.Code);
  });
  return found;
}

function readBlock(code: Tokens.Code, line: number): Block {
  if (code.codeBlockStyle === 'indented') throw new Error('an indented block: put it between ``` and ```');
  const [language = '', environment, ...options] = (code.lang ?? '').split(/\s+/);
  if (!ENVIRONMENTS.includes(environment as Environment)) {
    throw new Error(
      `'${code.lang ?? ''}' names no environment: write ${language || 'console'} and one of ${ENVIRONMENTS.join(', ')}`,
    );
  }
  const base = { environment: environment as Environment, line };
  const given = new Map(options.map((option) => readOption(option, code.lang)));
  const path = given.get('file');
  const exitCode = Number(given.get('exit') ?? 0);
  if (language !== 'console') {
    if (path === undefined) throw new Error(`'${code.lang}' is neither a console nor has it a file=PATH`);
    return { ...base, kind: 'file', path, content: `${code.text}\n` };
  }
  if (path !== undefined) throw new Error('a console is no file');
  return { ...base, kind: 'session', commands: readCommands(code.text, line + 1, exitCode) };
}

function readOption(option: string, info: string | undefined): [string, string] {
  const [, name, value] = /^(exit|file)=(.+)$/.exec(option) ?? [];
  if (name === undefined || value === undefined) throw new Error(`'${info}': only exit=N and file=PATH`);
  return [name, value];
}

/** @param exitCode of the last one; those before end with 0 */
function readCommands(text: string, firstLine: number, exitCode: number): Command[] {
  const lines = text.split('\n');
  const starts = lines.flatMap((content, index) => (content.startsWith('$ ') ? [index] : []));
  if (starts[0] !== 0) throw new Error("a console begins with a command, '$ …'");
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? lines.length;
    let shown = start + 1;
    while (shown < end && lines[shown]?.startsWith('> ')) shown += 1;
    return {
      line: firstLine + start,
      text: lines
        .slice(start, shown)
        .map((content) => content.slice(2))
        .join('\n'),
      shown: lines.slice(shown, end).join('\n'),
      shownLines: [firstLine + shown, firstLine + end],
      exitCode: index === starts.length - 1 ? exitCode : 0,
    };
  });
}
