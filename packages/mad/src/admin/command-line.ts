/** A word, or a text in quotes. */
const WORDS = /"([^"]*)"|'([^']*)'|(\S+)/g;

/** The words of a line. Quotes hold a word together; nothing else means anything: this is no shell. */
export const splitWords = (line: string): string[] =>
  [...line.matchAll(WORDS)].map(([, double, single, bare]) => double ?? single ?? bare ?? '');
