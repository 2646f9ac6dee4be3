import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './process.ts';

/** The packages that others install. */
export const PACKAGES = ['protocol', 'bus', 'tasks', 'imperator', 'mad', 'ssh'] as const;
/** What packing reads. */
const NEEDED = ['packages', 'scripts', 'package.json', 'tsconfig.json', 'LICENSE'];

/**
 * `npm pack` of each package, in a copy of the workspace, since it changes manifests for a moment.
 *
 * @param folder an empty one, which holds `workspace` and the tarballs afterwards
 * @returns paths of the tarballs, by the package's name
 */
export async function packPackages(folder: string): Promise<ReadonlyMap<string, string>> {
  const workspace = join(folder, 'workspace');
  for (const name of NEEDED) cpSync(join(ROOT, name), join(workspace, name), { recursive: true });
  linkDependencies(join(workspace, 'node_modules'));
  const sources = PACKAGES.map((name) => join(workspace, 'packages', name));
  const names = await npm(folder, 'pack', '--silent', ...sources);
  const paths = names
    .trim()
    .split('\n')
    .map((name) => join(folder, name));
  // In the order in which they were asked for.
  return new Map(PACKAGES.map((name, index) => [name, paths[index] as string]));
}

/**
 * Runs npm in a folder, with what this machine says of registries and certificates and nothing of the
 * npm that runs the tests. An end other than 0 is an error that shows what it printed.
 */
export async function npm(folder: string, ...args: string[]): Promise<string> {
  const env = Object.entries(process.env).filter(([key]) => !key.startsWith('npm_'));
  const { stdout } = await promisify(execFile)('npm', args, { cwd: folder, env: Object.fromEntries(env) });
  return stdout;
}

/** What is installed here, but for the packages: those are the copy's own. */
function linkDependencies(folder: string): void {
  mkdirSync(join(folder, '@mad-group'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '@mad-group') symlinkSync(join(ROOT, 'node_modules', name), join(folder, name));
  }
  for (const name of PACKAGES) {
    symlinkSync(join(folder, '..', 'packages', name), join(folder, '@mad-group', name));
  }
}
