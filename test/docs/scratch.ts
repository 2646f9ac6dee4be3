import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyCheckout } from '../kit/checkout.ts';
import { must } from '../kit/cluster.ts';
import { ROOT, run } from '../kit/process.ts';

export interface Scratch {
  /** The clone that the reader works in. */
  readonly checkout: string;
  /** A folder for whatever is not of the reader. */
  readonly aside: string;
  remove(): Promise<void>;
}

/**
 * A clone of this checkout as it is now, uncommitted changes included, with an origin to pull from, and
 * with the dependencies that are installed here, so that nothing is fetched.
 */
export async function makeScratch(): Promise<Scratch> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'mad-docs-')));
  // The folder's name is that of the project, to compose.
  const [origin, checkout, aside] = ['origin', 'mad-docs', 'aside'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await copyCheckout(origin);
  const git = (...args: string[]): Promise<string> =>
    must('git', ['-C', origin, '-c', 'user.name=docs', '-c', 'user.email=docs@example', ...args]);
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message=As it is now');
  await must('git', ['clone', '--quiet', origin, checkout]);
  // Something to pull.
  await git('commit', '--quiet', '--allow-empty', '--message=The next version');
  // Hard links where both are on one disk: nothing is written into what is installed.
  const [from, to] = [join(ROOT, 'node_modules'), join(checkout, 'node_modules')];
  if ((await run('cp', ['-al', from, to])).code !== 0) await must('cp', ['-a', '--force', from, checkout]);
  await mkdir(aside);
  return { checkout, aside, remove: () => rm(folder, { recursive: true, force: true }) };
}
