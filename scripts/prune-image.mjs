// Leaves in an image what its service runs. Called by the Dockerfile, in /app.
//   node scripts/prune-image.mjs             node_modules: nothing of other platforms, nothing that only people read
//   node scripts/prune-image.mjs --sources   packages, and the console: only those that node_modules links
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What no running program reads. */
const FILES =
  /\.(?:map|md|markdown|d\.[cm]?ts|[cm]?ts|flow|c|cc|cpp|h|hpp|gyp|gypi)$|^(?:CHANGELOG|HISTORY)/i;
const FOLDERS = /^(?:docs?|tests?|__tests__|examples?|benchmarks?|\.github)$/;
/** Whoever passes a package on passes these on. */
const LICENCE = /^(?:licen[cs]e|copying|notice)/i;
const LINKS = 'node_modules/@mad-group';

if (process.argv[2] === '--sources') {
  const kept = new Set(readdirSync(LINKS));
  for (const name of readdirSync('packages')) if (!kept.has(name)) remove(join('packages', name));
  if (!kept.has('console')) remove(join('services', 'console'));
} else {
  prune('node_modules');
  pruneSqlite('node_modules/better-sqlite3');
  // Links to workspaces whose sources do not come along.
  for (const name of readdirSync(LINKS)) {
    if (!existsSync(join(LINKS, name, 'package.json'))) remove(join(LINKS, name));
  }
}

/** Links stay: what they lead to is not ours to prune here. */
function prune(folder) {
  // Deeper down such a folder may be code: yaml has its documents in dist/doc.
  const isPackage = existsSync(join(folder, 'package.json'));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (stat.isDirectory()) {
      if (isPackage && FOLDERS.test(name)) remove(path);
      else prune(path);
    } else if (stat.isFile() && FILES.test(name) && !LICENCE.test(name)) remove(path);
  }
}

/** Prebuilt parts for other platforms, and the sources of this one's. */
function pruneSqlite(folder) {
  if (!existsSync(folder)) return;
  for (const name of ['deps', 'src']) remove(join(folder, name));
  const binaries = join(folder, 'prebuilds');
  for (const name of readdirSync(binaries)) {
    if (!name.startsWith(`linux-${process.arch}`)) remove(join(binaries, name));
  }
}

function remove(path) {
  rmSync(path, { recursive: true, force: true });
}
