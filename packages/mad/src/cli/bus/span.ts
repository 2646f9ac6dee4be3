import { type Position, PositionSchema, parseIsoTime, positionTimeMs } from '@mad-group/protocol';
import { UsageError } from '../io.ts';

/** A piece of the log: where to begin and where to end. Times are in milliseconds since 1970. */
export interface Span {
  readonly after: Position | null;
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

export interface SpanValues {
  readonly after?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const AGO = /^(\d{1,9})(s|m|h|d)$/;
/** A day, or a time of it; without a zone it is UTC, as all times are that the commands print. */
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** @throws UsageError that names the option */
export function parseSpan(values: SpanValues, nowMs: number): Span {
  if (values.after !== undefined && values.since !== undefined) {
    throw new UsageError('--after and --since both say where to begin: give one of them.');
  }
  const span = {
    after: parseAfter(values.after),
    sinceMs: parseTime('--since', values.since, nowMs),
    untilMs: parseTime('--until', values.until, nowMs),
  };
  if (span.sinceMs !== null && span.sinceMs > nowMs) {
    const now = new Date(nowMs).toISOString();
    throw new UsageError(`--since '${values.since}' is in the future: it is ${now} here.`);
  }
  const fromMs = span.sinceMs ?? (span.after === null ? null : positionTimeMs(span.after));
  if (fromMs !== null && span.untilMs !== null && span.untilMs < fromMs) {
    throw new UsageError('--until is before the beginning: nothing lies between.');
  }
  return span;
}

function parseAfter(value: string | undefined): Position | null {
  if (value === undefined) return null;
  const parsed = PositionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError(`--after takes the position of a message, not '${value}'. For a time use --since.`);
}

function parseTime(option: string, value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  const ago = AGO.exec(value);
  if (ago) return Math.max(0, nowMs - Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS]);
  const iso = ISO.exec(value);
  const zone = value.length > 10 && iso?.[1] === undefined ? 'Z' : '';
  const timeMs = iso ? parseIsoTime(`${value.replace(' ', 'T')}${zone}`) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  if (iso) throw new UsageError(`${option} '${value}': there is no such day or time of day.`);
  throw new UsageError(
    `${option} takes how long ago (30s, 10m, 2h, 1d) or a time (2026-01-31T09:05:03Z, UTC where no zone is named), not '${value}'.`,
  );
}
