const HOUR_MS = 3_600_000;

/** The hour that a time falls into, as `hourly_metrics` keeps it: `2025-01-31T07:00:00Z`. */
export function hourTimestamp(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 13)}:00:00Z`;
}

/** The first of the last `hours` hours, the one that `nowMs` falls into included. */
export const firstHour = (nowMs: number, hours: number): string =>
  hourTimestamp(nowMs - (hours - 1) * HOUR_MS);

/** `hourTimestamp` that remembers its last answer: the entries of a batch mostly share their hour. */
export function createHourFormatter(): (timeMs: number) => string {
  let lastHour = Number.NaN;
  let lastText = '';
  return (timeMs) => {
    const hour = Math.floor(timeMs / HOUR_MS);
    if (hour !== lastHour) {
      lastHour = hour;
      lastText = hourTimestamp(timeMs);
    }
    return lastText;
  };
}
