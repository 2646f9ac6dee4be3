import type { Row, Spread } from './bench.ts';

const HEAD = ['figure', 'ours', 'limit or peer in the same run', 'ratio (min – max)', 'target', 'met'];

/** The rows as a Markdown table, with its columns in line. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const notes = rows
    .filter(({ note }) => note !== undefined)
    .map(({ figure, note }) => `- ${figure}: ${note}`);
  const table = [line(HEAD), rule, ...cells.slice(1).map(line)];
  return [...table, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

const cellsOf = ({ figure, unit, ours, peer, ratio, target }: Row): string[] => [
  figure,
  `${number(ours.median)} ${unit}`,
  peer === undefined ? '—' : `${peer.what}: ${number(peer.value.median)}`,
  ratio === undefined ? range(ours) : `${number(ratio.median)} (${number(ratio.min)} – ${number(ratio.max)})`,
  target?.words ?? '—',
  target === undefined ? 'reported' : target.met ? 'yes' : 'NO',
];

const range = ({ min, max }: Spread): string => (min === max ? '—' : `(${number(min)} – ${number(max)})`);

/** Three digits that count, and no more than whole numbers from a hundred on. */
function number(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(value < 1 ? 2 : 3)));
}
