import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../kit/process.ts';
import { difference } from './match.ts';
import { type Block, type Command, type Environment, readPage } from './page.ts';
import { makeScratch, type Scratch } from './scratch.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const PAGE = join(ROOT, 'docs', 'operations.md');
/** Set: what is printed goes into the page where it differs, to be read and given its … by hand. */
const WRITES = process.env.DOCS_WRITE !== undefined;

/** What an environment needs beside the checkout, and what becomes of it. */
export interface Place {
  readonly env: Record<string, string>;
  /** Shown where a step fails. */
  describe(): Promise<string>;
  leave(): Promise<void>;
}

/**
 * Does what the page shows for an environment, block by block in their order, in one checkout and on one
 * terminal, and compares what is printed with what is shown. After a block that failed none is done.
 *
 * @param enter makes the place; the folder is its own
 */
export async function walkPage(
  environment: Environment,
  enter: (scratch: Scratch) => Promise<Place>,
): Promise<void> {
  const markdown = await readFile(PAGE, 'utf8');
  const blocks = readPage(markdown).filter((block) => block.environment === environment);
  const printed = new Map<Command, string>();
  /** What there is to clear away, the newest first; whatever fails, the others do theirs. */
  const clearing = new AsyncDisposableStack();
  let scratch: Scratch | undefined;
  let place: Place | undefined;
  let terminal: Terminal | undefined;
  let failedAt: number | undefined;

  beforeAll(async () => {
    scratch = await makeScratch();
    clearing.defer(scratch.remove);
    place = await enter(scratch);
    clearing.defer(place.leave);
    terminal = await openTerminal(scratch.checkout, scratch.aside, place.env);
    clearing.defer(terminal.close);
  });
  afterAll(async () => {
    if (failedAt !== undefined) console.error(await place?.describe());
    await clearing.disposeAsync();
    if (!WRITES) return;
    if ((await readFile(PAGE, 'utf8')) !== markdown)
      throw new Error(`${PAGE} was changed meanwhile: nothing is written.`);
    await writeFile(PAGE, recorded(markdown, printed));
  });

  describe(environment, () => {
    const steps = blocks.map((block) => ({ block, line: block.line, what: titleOf(block) }));
    test.each(steps)('line $line: $what', async ({ block }) => {
      if (failedAt !== undefined) throw new Error(`not done, since line ${failedAt} failed`);
      failedAt = block.line;
      if (block.kind === 'file') {
        const path = join((scratch as Scratch).checkout, block.path);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, block.content);
      } else {
        for (const command of block.commands) await typed(command);
      }
      failedAt = undefined;
    });
  });

  async function typed(command: Command): Promise<void> {
    const { output, exitCode } = await (terminal as Terminal).type(command.text);
    const differs = difference(command.shown, output);
    if (WRITES && differs !== null) printed.set(command, output);
    const where = `docs/operations.md:${command.line}: ${command.text}`;
    expect(exitCode, `${where}\nended with another code than the page says. It printed:\n${output}`).toBe(
      command.exitCode,
    );
    if (!WRITES && differs !== null) throw new Error(`${where}\n${differs}`);
  }
}

const titleOf = (block: Block): string =>
  block.kind === 'file' ? block.path : (block.commands[0]?.text.split('\n')[0] ?? '');

function recorded(markdown: string, printed: ReadonlyMap<Command, string>): string {
  const lines = markdown.split('\n');
  // From the end, so that line numbers before stay as they are.
  for (const [{ shownLines }, output] of [...printed].toSorted(([a], [b]) => b.line - a.line)) {
    const [first, after] = shownLines;
    lines.splice(first - 1, after - first, ...output.replace(/\n+$/, '').split('\n'));
  }
  return lines.join('\n');
}
