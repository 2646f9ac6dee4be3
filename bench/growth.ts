// Measures how costs grow and draws them, once in a while rather than at each change.
//   npm run bench:growth                 all, some minutes; writes docs/performance/*.svg
//   npm run bench:growth -- NAME …       these
//   npm run bench:growth -- --short      small sizes, to see that it works; writes no plot
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../test/kit/process.ts';
import type { Plot } from './growth/curve.ts';
import { drawPlot } from './growth/draw-plot.ts';
import { graceClients } from './growth/grace-clients.ts';
import { logLength } from './growth/log-length.ts';
import { storedTasks } from './growth/stored-tasks.ts';

const PLOTS: Record<string, (short: boolean, say: (line: string) => void) => Promise<Plot>> = {
  'stored-tasks': storedTasks,
  'log-length': logLength,
  'grace-clients': graceClients,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false } },
});
const cache = join(ROOT, 'node_modules', '.cache', 'bench');
const docs = join(ROOT, 'docs', 'performance');
for (const folder of [cache, docs]) mkdirSync(folder, { recursive: true });
for (const [name, measure] of Object.entries(PLOTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.error(name);
  const plot = await measure(values.short, (line) => console.error(line));
  writeFileSync(join(cache, `growth-${name}.json`), `${JSON.stringify(plot, null, 2)}\n`);
  if (!values.short) writeFileSync(join(docs, `${name}.svg`), drawPlot(plot));
  console.log(growthTable(plot));
}

function growthTable({ title, costUnit, curves }: Plot): string {
  const sizes = [...new Set(curves.flatMap(({ points }) => points.map(({ size }) => size)))];
  const rows = curves.map(({ name, points }) => {
    const cells = sizes.map((size) => points.find((point) => point.size === size)?.cost.toFixed(1) ?? '');
    return `| ${[name, ...cells].join(' | ')} |`;
  });
  const head = `| ${[costUnit, ...sizes.map((size) => size.toLocaleString('en-US'))].join(' | ')} |`;
  return [`\n${title}`, head, `| ${['---', ...sizes.map(() => '---:')].join(' | ')} |`, ...rows].join('\n');
}
