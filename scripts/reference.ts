// Writes docs/reference/, and the resource in docs/operator.md, from the schemas and catalogues in the
// code, or checks that they are true.
//   node scripts/reference.ts --write
//   node scripts/reference.ts --check
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentPage } from './reference/environment.ts';
import { errorsPage } from './reference/errors.ts';
import { madGroupSection } from './reference/mad-group.ts';
import { replaceSection } from './reference/markdown.ts';
import { metricsPage } from './reference/metrics.ts';
import { toolsPage } from './reference/tools.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'reference');
const OPERATOR_PAGE = join(FOLDER, '..', 'operator.md');

const pages: Readonly<Record<string, string>> = {
  'environment.md': environmentPage(),
  'errors.md': errorsPage(),
  'metrics.md': metricsPage(),
  'tools.md': await toolsPage(),
};

const operatorPage = readFileSync(OPERATOR_PAGE, 'utf8');
const newOperatorPage = replaceSection(operatorPage, 'madgroup', madGroupSection());

if (process.argv.includes('--write')) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of Object.entries(pages)) writeFileSync(join(FOLDER, name), text);
  writeFileSync(OPERATOR_PAGE, newOperatorPage);
  console.log(`docs: ${Object.keys(pages).length} pages of the reference and the resource written`);
} else {
  const there = existsSync(FOLDER) ? readdirSync(FOLDER) : [];
  const stale = Object.entries(pages)
    .filter(([name, text]) => !there.includes(name) || readFileSync(join(FOLDER, name), 'utf8') !== text)
    .map(([name]) => name);
  const unknown = there.filter((name) => !(name in pages));
  const wrong = [...stale, ...unknown].map((name) => `docs/reference/${name}`);
  if (newOperatorPage !== operatorPage) wrong.push('docs/operator.md');
  for (const path of wrong) console.error(`${path} is not what the code says`);
  if (wrong.length > 0) console.error('npm run docs brings it up to date.');
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
