import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Node runs TypeScript as it is from this version on. */
const OLDEST_NODE = 24;

/**
 * Runs a command, `mad-cli` say, with the Node at hand: its source in the workspace, what was
 * compiled of it where the package is installed. An older Node only looks for the one that the
 * workspace installs beside its packages, and hands over to it.
 */
export async function launch(name) {
  const source = new URL(`../src/cli/${name}-main.ts`, import.meta.url);
  const url = existsSync(source) ? source : new URL(`../dist/cli/${name}-main.js`, import.meta.url);
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) {
    // Health checks start this again and again: compiled code is kept between runs.
    module.enableCompileCache?.();
    await import(url.href);
    return;
  }
  const node = findNode(dirname(fileURLToPath(import.meta.url)));
  if (!node) {
    console.error(
      `Node ${OLDEST_NODE} or later is needed; this is ${process.version}. In the workspace npm install brings it.`,
    );
    process.exitCode = 2;
    return;
  }
  const child = spawnSync(node, [fileURLToPath(url), ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = child.status ?? 130;
}

function findNode(folder) {
  const candidate = join(folder, 'node_modules', '.bin', 'node');
  if (existsSync(candidate)) return candidate;
  const parent = dirname(folder);
  return parent === folder ? null : findNode(parent);
}
