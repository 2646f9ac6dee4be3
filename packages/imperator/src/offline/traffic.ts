import type { Stat } from '@mad-group/protocol';

/** Totals of `key` over the rows, the largest first; equal ones by name. */
export function totalsBy(rows: readonly Stat[], key: (row: Stat) => string): [string, number][] {
  const totals = new Map<string, number>();
  for (const row of rows) totals.set(key(row), (totals.get(key(row)) ?? 0) + row.total_messages);
  return [...totals].sort(([aName, a], [bName, b]) => b - a || aName.localeCompare(bName));
}

export const total = (rows: readonly Stat[]): number =>
  rows.reduce((sum, row) => sum + row.total_messages, 0);

/** Rows of the hours from `fromMs` up to but not including `toMs`. */
export const between = (rows: readonly Stat[], fromMs: number, toMs: number): Stat[] =>
  rows.filter((row) => {
    const hourMs = Date.parse(row.hour_timestamp);
    return hourMs >= fromMs && hourMs < toMs;
  });

/** The topic pattern that a prompt speaks of, as they are counted: `mad.direct` … `mad.unknown`. */
export function parseTopicPattern(prompt: string): string | null {
  const named = /\bmad\.(direct|topic|stream|system|other|unknown)\b/i.exec(prompt);
  if (named) return `mad.${(named[1] as string).toLowerCase()}`;
  if (/\bheartbeats?\b/i.test(prompt)) return 'mad.system';
  if (/\bdirect messages?\b/i.test(prompt)) return 'mad.direct';
  if (/\bstream(?:ed|ing)? (?:messages?|tokens?|traffic)\b/i.test(prompt)) return 'mad.stream';
  return null;
}
