// Writes values.yaml, values.schema.json and README.md of each chart from one source, or checks them.
//   node scripts/charts.ts --write
//   node scripts/charts.ts --check
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { type ChartFacts, chartReadme } from './charts/chart-readme.ts';
import { CHARTS } from './charts/values/charts.ts';
import { valuesSchema } from './charts/values-schema.ts';
import { valuesYaml } from './charts/values-yaml.ts';

const ROOT = join(import.meta.dirname, '..');

const files = Object.entries(CHARTS).flatMap(([name, schema]) => {
  const folder = join(ROOT, 'charts', name);
  const chart = parse(readFileSync(join(folder, 'Chart.yaml'), 'utf8')) as ChartFacts;
  return [
    { path: join(folder, 'values.yaml'), text: valuesYaml(schema) },
    { path: join(folder, 'values.schema.json'), text: valuesSchema(schema) },
    { path: join(folder, 'README.md'), text: chartReadme(chart, schema) },
  ];
});

if (process.argv.includes('--write')) {
  for (const { path, text } of files) writeFileSync(path, text);
  console.log(`charts: ${files.length} files written`);
} else {
  const stale = files.filter(({ path, text }) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
  for (const { path } of stale) console.error(`${relative(ROOT, path)} is not what scripts/charts says`);
  if (stale.length > 0) console.error('npm run docs brings it up to date.');
  process.exitCode = stale.length === 0 ? 0 : 1;
}
