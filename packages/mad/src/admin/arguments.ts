import { UsageError } from '../cli/io.ts';

/** @throws UsageError where a command that takes nothing was given something */
export function noArguments(args: readonly string[]): void {
  if (args.length > 0)
    throw new UsageError(`takes no words, and was given ${args.length}: ${args.join(' ')}.`);
}

/**
 * The one whole number that a command takes, or its default.
 *
 * @throws UsageError where it is another thing, or more follows
 */
export function wholeArgument(
  args: readonly string[],
  { name, min, max, fallback }: { name: string; min: number; max: number; fallback: number },
): number {
  const [given, ...more] = args;
  if (more.length > 0) {
    throw new UsageError(
      `takes one word, the number ${name}, and was given ${args.length}: ${args.join(' ')}.`,
    );
  }
  if (given === undefined) return fallback;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= min && value <= max) return value;
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not '${given}'.`);
}
