// The charts on a real cluster, and docker compose: `npm run e2e [-- FILES…]`.
// Which cluster: scripts/prepare-cluster.ts. Needs docker, docker-compose, kubectl and helm on the PATH.
// Closes with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepareCluster } from './prepare-cluster.ts';

prepareCluster();
const { status } = spawnSync(
  'node',
  ['scripts/test.ts', '--config', 'vitest.e2e.config.ts', ...process.argv.slice(2)],
  { cwd: join(import.meta.dirname, '..'), stdio: 'inherit' },
);
process.exitCode = status ?? 1;
