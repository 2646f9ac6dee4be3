import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './process.ts';

/**
 * Python of a virtual environment that has what a requirements file lists; made anew when that has
 * changed.
 *
 * @param name of the environment, below node_modules/.cache
 */
export async function pythonWith(name: string, requirements: string): Promise<string> {
  const folder = join(ROOT, 'node_modules/.cache/python', name);
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const stamp = join(folder, 'installed-from');
  const python = join(folder, 'bin/python');
  const isThere = (): boolean => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (isThere()) return python;
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--requirement',
    requirements,
  ];
  // Beside its place, and then there at once: tests of two processes may want the same one.
  const building = `${folder}.${process.pid}`;
  for (const [command, args] of [
    ['python3', ['-m', 'venv', '--clear', building]],
    [join(building, 'bin/python'), pip],
  ] as const) {
    const { code, stdout, stderr } = await run(command, args);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  }
  writeFileSync(join(building, 'installed-from'), wanted);
  try {
    if (!isThere()) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(building, folder);
    }
  } catch (error) {
    // The other process was first.
    if (!isThere()) throw error;
  }
  rmSync(building, { recursive: true, force: true });
  return python;
}
