// Writes the alerts and the dashboard from their one source, or checks that they are as it says.
//   node scripts/monitoring.ts --write
//   node scripts/monitoring.ts --check
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import { alertFile } from './monitoring/alerts.ts';
import { dashboard } from './monitoring/dashboard.ts';

const ROOT = join(import.meta.dirname, '..');
/** The chart reads them from here; as files for others they are in k8s/, which links to these. */
const FOLDER = join(ROOT, 'charts', 'mad-group', 'files');

const ALERTS_HEAD = `# Made by \`npm run docs\` from scripts/monitoring; change it there.
# A rules file for a Prometheus that reads one group. What each alert means: docs/alerts.md
`;

const files = [
  { path: join(FOLDER, 'alerts.yaml'), text: ALERTS_HEAD + stringify(alertFile(), { lineWidth: 0 }) },
  { path: join(FOLDER, 'dashboard.json'), text: `${JSON.stringify(dashboard(), null, 2)}\n` },
];

if (process.argv.includes('--write')) {
  mkdirSync(FOLDER, { recursive: true });
  for (const { path, text } of files) writeFileSync(path, text);
  console.log(`monitoring: ${files.length} files written`);
} else {
  const stale = files.filter(({ path, text }) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
  for (const { path } of stale) console.error(`${relative(ROOT, path)} is not what scripts/monitoring says`);
  if (stale.length > 0) console.error('npm run docs brings it up to date.');
  process.exitCode = stale.length === 0 ? 0 : 1;
}
