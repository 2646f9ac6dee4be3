import { MAX_STATS_HOURS } from '@mad-group/protocol';
import { NUMBER, toNumber } from './numbers.ts';

export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A stretch of time that a prompt asks about. */
export interface TimeWindow {
  /** As it ends a sentence: `in the last 3 hours`, `today`, `yesterday`. */
  readonly name: string;
  /** Milliseconds since 1970; `toMs` is behind the end. */
  readonly fromMs: number;
  readonly toMs: number;
  /**
   * So many clock hours, the current one included, reach back to its beginning. Messages are
   * counted by the clock hour: one that the window only reaches into is counted whole.
   */
  readonly hours: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS };
const UNIT = 'minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|months?';
const SLIDING = new RegExp(`\\b(?:last|past|previous|preceding)\\s+(?:(${NUMBER})\\s*)?(${UNIT})\\b`, 'i');
const CLOCK_HOURS = new RegExp(`\\b(?:last|past|previous)\\s+(?:(${NUMBER})\\s+)?clock\\s+hours?\\b`, 'i');
const BARE = new RegExp(`\\b(${NUMBER})[\\s-]*(${UNIT})\\b`, 'i');

/** The window that a prompt names; null where it names none. Days are UTC. */
export function parseTimeWindow(prompt: string, nowMs: number): TimeWindow | null {
  const midnightMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  if (/\byesterday\b/i.test(prompt)) return fixed('yesterday', midnightMs - DAY_MS, midnightMs, nowMs);
  if (/\btoday\b|\bsince midnight\b/i.test(prompt)) return fixed('today', midnightMs, Infinity, nowMs);
  if (/\bthis hour\b|\bcurrent hour\b/i.test(prompt)) return clockHours('this hour', 1, nowMs);
  const clock = CLOCK_HOURS.exec(prompt);
  if (clock) {
    const count = Math.max(1, Math.floor(clock[1] === undefined ? 1 : toNumber(clock[1])));
    return clockHours(
      `in the last ${count === 1 ? '' : `${count} `}clock hour${count === 1 ? '' : 's'}`,
      count,
      nowMs,
    );
  }
  const match = SLIDING.exec(prompt) ?? BARE.exec(prompt);
  if (!match) return null;
  const count = match[1] === undefined ? 1 : toNumber(match[1]);
  const unit = (match[2] as string).toLowerCase();
  const unitMs = unit.startsWith('mo') ? 30 * DAY_MS : (UNIT_MS[unit.charAt(0)] as number);
  const lengthMs = Math.min(count * unitMs, MAX_STATS_HOURS * HOUR_MS);
  if (lengthMs <= 0) return null;
  return sliding(lengthMs, nowMs);
}

export const lastHours = (hours: number, nowMs: number): TimeWindow => sliding(hours * HOUR_MS, nowMs);

function sliding(lengthMs: number, nowMs: number): TimeWindow {
  return fixed(`in the last ${lengthName(lengthMs)}`, nowMs - lengthMs, Infinity, nowMs);
}

function clockHours(name: string, count: number, nowMs: number): TimeWindow {
  const hours = Math.min(count, MAX_STATS_HOURS);
  return fixed(name, (Math.floor(nowMs / HOUR_MS) - hours + 1) * HOUR_MS, Infinity, nowMs);
}

function fixed(name: string, fromMs: number, toMs: number, nowMs: number): TimeWindow {
  const hours = Math.floor(nowMs / HOUR_MS) - Math.floor(fromMs / HOUR_MS) + 1;
  return { name, fromMs, toMs, hours: Math.min(hours, MAX_STATS_HOURS) };
}

function lengthName(lengthMs: number): string {
  const [size, unit] =
    lengthMs % DAY_MS === 0 && lengthMs > DAY_MS
      ? [lengthMs / DAY_MS, 'day']
      : lengthMs % HOUR_MS === 0
        ? [lengthMs / HOUR_MS, 'hour']
        : [Math.round(lengthMs / 60_000), 'minute'];
  return size === 1 ? unit : `${size} ${unit}s`;
}

/** Beginning of the first clock hour that counts into the window, in milliseconds since 1970. */
export const firstHourMs = (window: TimeWindow, nowMs: number): number =>
  (Math.floor(nowMs / HOUR_MS) - window.hours + 1) * HOUR_MS;

/** `2026-11-21 14:00 UTC` */
export const utcMinute = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
