import { HOUR_MS } from './time-window.ts';

const DAY_MS = 24 * HOUR_MS;
/** `14:00`, `2 pm`, `2pm`, `14 o'clock`, `hour 14`. */
const CLOCK =
  /\b(\d{1,2}):\d{2}(?:\s*(am|pm)\b)?|\b(\d{1,2})\s*(am|pm)\b|\b(\d{1,2})\s*(?:o['’]clock\b|h\b|uhr\b)|\bhours?\s+(\d{1,2})\b(?:\s*(?:and|with|to|vs\.?|versus)\s*(\d{1,2})\b)?/gi;

/**
 * Two clock hours (UTC) that a prompt sets side by side: their beginnings in milliseconds since
 * 1970, the older first; null where it names no two. Without times, `this hour` stands beside the
 * one before. `The last hour` is the one that a window of an hour reaches back into; it stands beside
 * its own predecessor, both of them over.
 */
export function parseTwoHours(prompt: string, nowMs: number): [number, number] | null {
  const thisHourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  const named = namedHours(prompt, nowMs);
  if (named.length >= 2) return older(named[0] as number, named[1] as number);
  if (!/\bhours?\b/i.test(prompt)) return null;
  const recentMs = /\b(?:this|current)\s+hour\b/i.test(prompt) ? thisHourMs : thisHourMs - HOUR_MS;
  if (/\byesterday\b|\bday before\b/i.test(prompt)) return [recentMs - DAY_MS, recentMs];
  const relative =
    /\b(?:this|current|last|previous|past)\s+(?:two\s+|2\s+)?hours?\b|\bhour (?:before|earlier)\b|\b(?:two|2) hours\b/i;
  return relative.test(prompt) ? [recentMs - HOUR_MS, recentMs] : null;
}

function namedHours(prompt: string, nowMs: number): number[] {
  const matches = [...prompt.matchAll(CLOCK)];
  return matches.flatMap((match, index) => {
    const [text, colon, colonHalf, twelve, half, oclock, word, wordToo] = match;
    // `yesterday` belongs to the time that it follows.
    const behind = prompt.slice(match.index + text.length, matches[index + 1]?.index);
    const yesterday = /^[^,;]*\byesterday\b/i.test(behind);
    return [colon ?? twelve ?? oclock ?? word, wordToo]
      .filter((hour) => hour !== undefined)
      .map((hour) => hourOfDay(Number(hour), colonHalf ?? half))
      .filter((hour) => hour <= 23)
      .map((hour) => hourMs(hour, yesterday, nowMs));
  });
}

const hourOfDay = (hour: number, half: string | undefined): number =>
  half === undefined ? hour : (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);

/** An hour of today that has not come yet was meant as yesterday's. */
function hourMs(hour: number, yesterday: boolean, nowMs: number): number {
  const todayMs = Math.floor(nowMs / DAY_MS) * DAY_MS + hour * HOUR_MS;
  return yesterday || todayMs > nowMs ? todayMs - DAY_MS : todayMs;
}

const older = (a: number, b: number): [number, number] => (a <= b ? [a, b] : [b, a]);
