// Writes the CustomResourceDefinition of MadGroup into the operator's chart, or checks it.
//   node scripts/crd.ts --write
//   node scripts/crd.ts --check
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { definitionYaml } from './crd/definition.ts';

const ROOT = join(import.meta.dirname, '..');
const path = join(ROOT, 'charts', 'mad-operator', 'templates', 'crd.yaml');
const text = definitionYaml();

if (process.argv.includes('--write')) {
  writeFileSync(path, text);
  console.log('crd: 1 file written');
} else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
  console.error(`${relative(ROOT, path)} is not what packages/protocol/src/mad-group says`);
  console.error('npm run docs brings it up to date.');
  process.exitCode = 1;
}
