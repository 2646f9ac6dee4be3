// Does what docs/operations.md shows, in its order, and compares what is printed:
//   npm run test:docs                                  all of it
//   npm run test:docs -- npm compose kubernetes        one environment, or some
//   npm run test:docs -- --write npm                   writes what is printed into the page where it differs:
//                                                      read it, and put … where it varies
// npm needs redis-server and logrotate, and the ports that the page names; compose needs docker;
// kubernetes needs what scripts/prepare-cluster.ts says, kubectl and helm. Closes with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareCluster } from './prepare-cluster.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' } },
});
if (positionals.length === 0 || positionals.includes('kubernetes')) prepareCluster();
const files = positionals.map((name) => `test/docs/${name}.test.ts`);
const { status } = spawnSync('node', ['scripts/test.ts', '--config', 'vitest.docs.config.ts', ...files], {
  cwd: join(import.meta.dirname, '..'),
  stdio: 'inherit',
  env: values.write ? { ...process.env, DOCS_WRITE: '1' } : process.env,
});
process.exitCode = status ?? 1;
