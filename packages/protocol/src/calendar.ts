/**
 * A time in ISO 8601, `2026-01-31` or `2026-01-31T09:05[:03][Z]`, in milliseconds since 1970; NaN where
 * the calendar or the clock has no such time. Without a zone a day begins in UTC, and a time of day is
 * one of the process's zone, as for `Date.parse`; that takes 30 February for 2 March, and 24:00 for
 * the next day.
 */
export function parseIsoTime(iso: string): number {
  const day = new Date(iso.slice(0, 10));
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === iso.slice(0, 10);
  return isDay && iso.slice(11, 13) !== '24' ? Date.parse(iso) : Number.NaN;
}
