const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY_TIME = new Intl.DateTimeFormat('en-GB', {
  day: '2-digit',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const NUMBER = new Intl.NumberFormat('en-GB');

/** `21:04:05`, in the reader's time zone. */
export const clockSecond = (ms: number): string => TIME.format(ms);

/** `21:04:05.123`, in the reader's time zone. */
export const clockTime = (ms: number): string =>
  `${TIME.format(ms)}.${String(Math.floor(ms) % 1000).padStart(3, '0')}`;

/** The reader's time zone, in which all times are said: `Europe/Berlin`. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** `2026-11-21 20:04:05.123 UTC`, as logs and other readers have it. */
export const utc = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC');

/** When the day began in which `ms` is, in the reader's time zone. */
export const startOfDay = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);

/** `21:04:05.123`; of a day before today `20 Nov 21:04:05`. */
export const rowTime = (ms: number, todayMs: number): string =>
  ms < todayMs ? `${DAY.format(ms)} ${TIME.format(ms)}` : clockTime(ms);

/** `21 Nov`. */
export const day = (ms: number): string => DAY.format(ms);

/** `21 Nov, 21:00`. */
export const dayTime = (ms: number): string => DAY_TIME.format(ms);

export const count = (value: number): string => NUMBER.format(value);

/** `1 message`, `3 messages`. */
export const counted = (value: number, what: string): string =>
  `${count(value)} ${what}${value === 1 ? '' : 's'}`;

/** `0.3/s`, `12/s`. */
export const perSecond = (rate: number): string =>
  `${rate === 0 ? '0' : rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}/s`;

/** `420 ms`, `2.4 s`, `3 min 5 s`, `2 h 4 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  // Rounded once: no minute has 60 seconds.
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `just now`, `12 s ago`. */
export function ago(ms: number): string {
  if (ms < 2000) return 'just now';
  return `${ms < 9_950 ? `${Math.round(ms / 1000)} s` : duration(ms)} ago`;
}

/** The beginning of an id, enough to tell it from others on a screen. */
export const shortId = (id: string): string => (id.length > 12 ? `${id.slice(0, 8)}…` : id);

/** One line of at most so many characters. */
export function clip(text: string, max: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}
