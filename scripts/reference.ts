// Writes docs/reference/ from the schemas and catalogues in the code, or checks that it is true.
//   node scripts/reference.ts --write
//   node scripts/reference.ts --check
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentPage } from './reference/environment.ts';
import { errorsPage } from './reference/errors.ts';
import { metricsPage } from './reference/metrics.ts';
import { toolsPage } from './reference/tools.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'reference');

const pages: Readonly<Record<string, string>> = {
  'environment.md': environmentPage(),
  'errors.md': errorsPage(),
  'metrics.md': metricsPage(),
  'tools.md': await toolsPage(),
};

if (process.argv.includes('--write')) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of Object.entries(pages)) writeFileSync(join(FOLDER, name), text);
  console.log(`docs/reference: ${Object.keys(pages).length} pages written`);
} else {
  const there = existsSync(FOLDER) ? readdirSync(FOLDER) : [];
  const stale = Object.entries(pages)
    .filter(([name, text]) => !there.includes(name) || readFileSync(join(FOLDER, name), 'utf8') !== text)
    .map(([name]) => name);
  const unknown = there.filter((name) => !(name in pages));
  for (const name of [...stale, ...unknown])
    console.error(`docs/reference/${name} is not what the code says`);
  if (stale.length + unknown.length > 0) console.error('npm run docs brings it up to date.');
  process.exitCode = stale.length + unknown.length === 0 ? 0 : 1;
}
