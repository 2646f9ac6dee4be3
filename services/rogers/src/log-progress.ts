/**
 * How far the log is known to have been written, in its own time.
 *
 * Silence must mean that a MAD said nothing while it could have. Neither a pause of Rogers nor an
 * outage of the bus is the silence of anyone, and the clocks of two machines differ. So silence is
 * measured in the log: its entries tell the time, and where there was none for longer than
 * `HOLE_MS` (every MAD beats every 15 s, Rogers too) nobody could speak. After such a hole silence
 * counts from its end, which gives everyone the time to beat again. Between entries the time goes
 * on only while Rogers reads a connected bus and finds nothing new.
 */
export interface LogProgress {
  /** Null until the first entry, and after a gap. */
  readonly atMs: number | null;
  /** End of the newest hole: silence counts from here at the earliest. */
  readonly silenceFromMs: number;
}

/** Longest time between two entries of a log that works: a heartbeat and some delay. */
export const HOLE_MS = 20_000;

export const NO_PROGRESS: LogProgress = { atMs: null, silenceFromMs: 0 };

/** An entry of this time was read. */
export function entryRead(progress: LogProgress, timeMs: number): LogProgress {
  const { atMs } = progress;
  if (atMs !== null && Math.abs(timeMs - atMs) <= HOLE_MS) {
    return timeMs <= atMs ? progress : { atMs: timeMs, silenceFromMs: progress.silenceFromMs };
  }
  return { atMs: timeMs, silenceFromMs: timeMs };
}

/** A piece of the log is gone. */
export const gapRead = (progress: LogProgress): LogProgress => ({ ...progress, atMs: null });

/** A connected bus was read for so long and had nothing new. */
export function nothingRead(progress: LogProgress, elapsedMs: number): LogProgress {
  return progress.atMs === null ? progress : { ...progress, atMs: progress.atMs + elapsedMs };
}
