import { compilePatterns } from '@mad-group/protocol';

/**
 * The patterns of a reader as a test for channels, asked anew at each batch. They are compiled only
 * when their content has changed: the same Set may have been added to since.
 */
export function createPatternFilter(patterns: () => Iterable<string>): () => (channel: string) => boolean {
  let known: readonly string[] | undefined;
  let matches: (channel: string) => boolean = () => false;
  return () => {
    const current = [...patterns()];
    if (known === undefined || !sameList(known, current)) {
      known = current;
      matches = compilePatterns(current);
    }
    return matches;
  };
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);
