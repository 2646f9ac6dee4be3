import { UsageError } from './io.ts';

/** `--timeout` in milliseconds. */
export function parseTimeout(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const timeoutMs = Number(value);
  if (Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs <= 2_147_483_647) return timeoutMs;
  throw new UsageError(`--timeout takes whole milliseconds above 0, not '${value}'.`);
}

/** A number with its thousands parted, as `1,000,000`; text as it is. */
export const whole = (value: string | number): string =>
  typeof value === 'number' ? value.toLocaleString('en-US') : value;

/** So many of them, as `1 task` or `1,000 tasks`. */
export const counted = (count: number, noun: string): string =>
  `${whole(count)} ${count === 1 ? noun : `${noun}s`}`;
