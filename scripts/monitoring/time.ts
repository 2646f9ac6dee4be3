/** A length of time as rules and people write it. */
export interface Span {
  readonly seconds: number;
  /** `5m`, as Prometheus reads it. */
  readonly text: string;
  /** `5 minutes`. */
  readonly words: string;
}

const MINUTE = 60;
const HOUR = 3600;

export const span = (seconds: number): Span => ({ seconds, text: promText(seconds), words: words(seconds) });

/** Whole units where it is some, or milliseconds: a test runs the rules many times faster. */
function promText(seconds: number): string {
  if (seconds >= HOUR && seconds % HOUR === 0) return `${seconds / HOUR}h`;
  if (seconds >= MINUTE && seconds % MINUTE === 0) return `${seconds / MINUTE}m`;
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.max(1, Math.round(seconds * 1000))}ms`;
}

function words(seconds: number): string {
  if (seconds >= HOUR && seconds % HOUR === 0) return plural(seconds / HOUR, 'hour');
  if (seconds >= MINUTE && seconds % MINUTE === 0) return plural(seconds / MINUTE, 'minute');
  return plural(seconds, 'second');
}

const plural = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
