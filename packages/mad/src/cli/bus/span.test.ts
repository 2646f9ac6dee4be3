import { describe, expect, test } from 'vitest';
import { UsageError } from '../io.ts';
import { parseSpan } from './span.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const POSITION = `epoch-1:${Date.parse('2026-01-31T11:00:00Z')}-41`;

describe('a time', () => {
  test.each([
    ['30s', '2026-01-31T11:59:30.000Z'],
    ['10m', '2026-01-31T11:50:00.000Z'],
    ['2h', '2026-01-31T10:00:00.000Z'],
    ['1d', '2026-01-30T12:00:00.000Z'],
    ['999999d', '1970-01-01T00:00:00.000Z'],
    ['2026-01-31T09:05:03Z', '2026-01-31T09:05:03.000Z'],
    ['2026-01-31T09:05:03.125Z', '2026-01-31T09:05:03.125Z'],
    ['2026-01-31T09:05:03+02:00', '2026-01-31T07:05:03.000Z'],
    ['2026-01-31 09:05:03+02:00', '2026-01-31T07:05:03.000Z'],
    ['2026-01-31T09:05:03', '2026-01-31T09:05:03.000Z'],
    ['2026-01-31 09:05', '2026-01-31T09:05:00.000Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ])('%s is %s', (given, expected) => {
    const { sinceMs } = parseSpan({ since: given }, NOW);
    expect(new Date(sinceMs as number).toISOString()).toBe(expected);
    expect(parseSpan({ until: given }, NOW).untilMs).toBe(sinceMs);
  });

  test.each(['', '10', 'm', '-5m', '1.5h', '10 m', 'yesterday', '1769850000'])(
    '%j is none, and the option is named',
    (given) => {
      expect(() => parseSpan({ since: given }, NOW)).toThrow(UsageError);
      expect(() => parseSpan({ since: given }, NOW)).toThrow('--since takes how long ago');
      expect(() => parseSpan({ until: given }, NOW)).toThrow('--until takes how long ago');
    },
  );
});

describe('a time that the calendar or the clock does not have', () => {
  test.each([
    '2026-02-30',
    '2026-02-29T09:05:03Z',
    '2026-04-31 09:05',
    '2026-13-01',
    '2026-01-31T25:00',
    '2026-01-30T24:00Z',
  ])('%j is refused, and the option is named', (given) => {
    for (const option of ['since', 'until']) {
      expect(() => parseSpan({ [option]: given }, NOW)).toThrow(
        `--${option} '${given}': there is no such day or time of day.`,
      );
    }
  });
});

describe('a span', () => {
  test('without anything has no ends', () => {
    expect(parseSpan({}, NOW)).toEqual({ after: null, sinceMs: null, untilMs: null });
  });

  test('may end in the future', () => {
    expect(parseSpan({ since: '0s', until: '2026-01-31T13:00:00Z' }, NOW)).toMatchObject({ sinceMs: NOW });
  });

  test('may begin behind a position', () => {
    expect(parseSpan({ after: POSITION, until: '5m' }, NOW)).toMatchObject({
      after: POSITION,
      sinceMs: null,
    });
  });

  test.each([
    [{ after: 'somewhere' }, "--after takes the position of a message, not 'somewhere'"],
    [{ after: POSITION, since: '1h' }, 'give one of them'],
    [
      { since: '2026-01-31T12:00:01Z' },
      "--since '2026-01-31T12:00:01Z' is in the future: it is 2026-01-31T12:00:00.000Z here.",
    ],
    [{ since: '5m', until: '10m' }, '--until is before the beginning'],
    [{ after: POSITION, until: '2h' }, '--until is before the beginning'],
  ])('%o is refused', (values, words) => {
    expect(() => parseSpan(values, NOW)).toThrow(words);
  });
});
