/** Stands for what differs from time to time: within a line any text, alone on a line any lines, or none. */
const ANY = '…';

/**
 * Compares what was printed with what a page shows, line by line. Spaces at the ends of lines and empty
 * lines at the end count for nothing.
 *
 * @returns null where they agree, else a sentence that names the first line of the page that was not found
 */
export function difference(shown: string, printed: string): string | null {
  const expected = lines(shown);
  const actual = lines(printed);
  if (agree(expected, actual)) return null;
  // The longest beginning of it that something can follow: what comes after is what is wrong.
  let found = 0;
  while (found < expected.length && agree([...expected.slice(0, found + 1), ANY], actual)) found += 1;
  const wrong = expected[found];
  const what =
    wrong === undefined ? 'more was printed than the page shows' : `line ${found + 1} is not there: ${wrong}`;
  return `${what}\n--- the page\n${expected.join('\n')}\n--- printed\n${actual.join('\n')}\n---`;
}

function agree(expected: readonly string[], actual: readonly string[]): boolean {
  const pattern = expected.map((line) =>
    line === ANY ? '(?:[^\n]*\n)*' : `${line.split(ANY).map(RegExp.escape).join('[^\n]*')}\n`,
  );
  return new RegExp(`^${pattern.join('')}$`).test(actual.map((line) => `${line}\n`).join(''));
}

function lines(text: string): string[] {
  const trimmed = text.replaceAll(/[ \t]+$/gm, '').replace(/\n+$/, '');
  return trimmed === '' ? [] : trimmed.split('\n');
}
