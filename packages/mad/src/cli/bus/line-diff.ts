import { diff } from 'node:util';

/** Lines that are the same, before and behind a difference. */
const CONTEXT = 2;

/**
 * What differs between two lists of lines, as `diff -u` shows it: `-` was recorded, `+` came now.
 * Empty where they are the same.
 */
export function diffLines(recorded: readonly string[], now: readonly string[]): string[] {
  // `diff` has no answer for two empty lists.
  if (recorded.length === now.length && recorded.every((line, index) => line === now[index])) return [];
  // 1: only in the first, -1: only in the second.
  const steps = diff(recorded as string[], now as string[]);
  const changed = steps.map(([operation]) => operation !== 0);
  const shown = steps.map((_, index) =>
    changed.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).includes(true),
  );
  const lines: string[] = [];
  for (const [index, [operation, line]] of steps.entries()) {
    if (!shown[index]) continue;
    if (index > 0 && !shown[index - 1]) lines.push('  …');
    const mark = operation === 0 ? ' ' : operation > 0 ? '-' : '+';
    lines.push(`${mark} ${line}`);
  }
  return lines;
}
