import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--requirement',
    requirements,
  ];
  for (const [command, args] of [
    ['python3', ['-m', 'venv', '--clear', folder]],
    [python, pip],
  ] as const) {
    const { code, stdout, stderr } = await run(command, args);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  }
  writeFileSync(stamp, wanted);
  return python;
}
