import { readFile } from 'node:fs/promises';

/** Sections that an IMPERATOR.md must have; one of the names in a line is enough. */
const SECTIONS = [
  ['Primary Directive'],
  ['Available Tools'],
  ['Orchestration Patterns', 'Diagnostics Patterns'],
  ['Security Boundaries'],
  ['Sequential Thinking Trigger'],
] as const;

/** A MAD without its context file does not start. */
export class ContextFileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ContextFileError';
  }
}

/**
 * The text of an IMPERATOR.md.
 *
 * @throws ContextFileError where there is none, or where a section is missing
 */
export async function loadContext(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read';
    throw new ContextFileError(
      `The MAD refuses to start: its Imperator's context file ${reason}. It should be at ${path}.`,
      { cause: error },
    );
  }
  const missing = SECTIONS.filter((names) => !names.some((name) => hasSection(text, name)));
  if (missing.length > 0) {
    const named = missing.map((names) => `'${names.join("' or '")}'`).join(', ');
    throw new ContextFileError(`The MAD refuses to start: ${path} lacks the section ${named}.`);
  }
  return text;
}

/** A heading (`## Name`) or a bold line (`**Name**:`), as the first generation wrote them. */
const hasSection = (text: string, name: string): boolean =>
  new RegExp(`^(#{1,6}\\s+|\\*\\*)${name}\\b`, 'im').test(text);
