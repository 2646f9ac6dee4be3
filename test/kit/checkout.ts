import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './cluster.ts';
import { ROOT } from './process.ts';

/** Copies what git knows of this checkout, as it is now, uncommitted changes included. */
export async function copyCheckout(to: string): Promise<void> {
  const known = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const files = await must('git', ['-C', ROOT, ...known]);
  for (const file of files.split('\0').filter((name) => name !== '')) {
    await cp(join(ROOT, file), join(to, file), { verbatimSymlinks: true }).catch((error) => {
      // Deleted and not yet committed.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  }
}
