import type { Plot } from './curve.ts';

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 190;
const TOP = 46;
const BOTTOM = 56;
/** Told apart by most eyes that see fewer colours (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

/** Powers of ten around the values. */
function decades(values: readonly number[]): { low: number; high: number } {
  const low = Math.floor(Math.log10(Math.min(...values)));
  return { low, high: Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)))) };
}

/** The curves as an SVG, both axes logarithmic: what is flat costs the same at any size, 45° is proportional. */
export function drawPlot({ title, sizeUnit, costUnit, curves }: Plot): string {
  const points = curves.flatMap((curve) => curve.points);
  const sizes = decades(points.map(({ size }) => size));
  const costs = decades(points.map(({ cost }) => cost));
  const x = (size: number): number =>
    LEFT + ((Math.log10(size) - sizes.low) / (sizes.high - sizes.low)) * (WIDTH - LEFT - RIGHT);
  const y = (cost: number): number =>
    HEIGHT - BOTTOM - ((Math.log10(cost) - costs.low) / (costs.high - costs.low)) * (HEIGHT - TOP - BOTTOM);
  const text = (words: string, at: { x: number; y: number }, more = ''): string =>
    `<text x="${at.x.toFixed(1)}" y="${at.y.toFixed(1)}" ${more}>${words}</text>`;
  const rule = (x1: number, y1: number, x2: number, y2: number): string =>
    `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`;

  const lines: string[] = [];
  for (let decade = sizes.low; decade <= sizes.high; decade += 1) {
    const at = x(10 ** decade);
    lines.push(rule(at, TOP, at, HEIGHT - BOTTOM));
    lines.push(
      text(
        (10 ** decade).toLocaleString('en-US'),
        { x: at, y: HEIGHT - BOTTOM + 18 },
        'text-anchor="middle"',
      ),
    );
  }
  for (let decade = costs.low; decade <= costs.high; decade += 1) {
    const at = y(10 ** decade);
    lines.push(rule(LEFT, at, WIDTH - RIGHT, at));
    lines.push(
      text(String(Number((10 ** decade).toPrecision(1))), { x: LEFT - 8, y: at + 4 }, 'text-anchor="end"'),
    );
  }
  const labels = spaced(curves.map(({ points }) => y(points.at(-1)?.cost ?? 1)));
  for (const [index, curve] of curves.entries()) {
    const colour = COLOURS[index % COLOURS.length] ?? '#000';
    const path = curve.points.map(({ size, cost }) => `${x(size).toFixed(1)},${y(cost).toFixed(1)}`);
    lines.push(`<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const each of path) {
      const [cx, cy] = each.split(',');
      lines.push(`<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`);
    }
    lines.push(text(curve.name, { x: WIDTH - RIGHT + 12, y: (labels[index] ?? 0) + 4 }, `fill="${colour}"`));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${text(title, { x: LEFT, y: 20 }, 'font-size="15" font-weight="bold"')}
${text(costUnit, { x: LEFT, y: 38 }, 'fill="#555"')}
${text(sizeUnit, { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 14 }, 'text-anchor="middle" fill="#555"')}
${lines.join('\n')}
</svg>
`;
}

/** Heights of labels, moved apart where they would lie on each other. */
function spaced(heights: readonly number[]): number[] {
  const order = heights.map((height, index) => ({ height, index })).sort((a, b) => a.height - b.height);
  const placed: number[] = [];
  let lowest = Number.NEGATIVE_INFINITY;
  for (const { height, index } of order) {
    lowest = Math.max(height, lowest + 15);
    placed[index] = lowest;
  }
  return placed;
}
