// Types, lint, the direction of dependencies, unused code, what is generated. Runs all of them, says which failed, and closes with `N passed, N failed`.
import { spawnSync } from 'node:child_process';

const CHECKS = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'types of the console’s page', command: ['tsc', '--noEmit', '-p', 'services/console'] },
  {
    name: 'lint, format, direction of dependencies',
    command: ['biome', 'check', '--error-on-warnings', '.'],
  },
  { name: 'unused files, exports and dependencies', command: ['knip', '--no-progress'] },
  { name: 'the reference', command: ['node', 'scripts/reference.ts', '--check'] },
  { name: 'values and READMEs of the charts', command: ['node', 'scripts/charts.ts', '--check'] },
  { name: 'the definition of MadGroup', command: ['node', 'scripts/crd.ts', '--check'] },
  { name: 'the alerts and the dashboard', command: ['node', 'scripts/monitoring.ts', '--check'] },
] as const;

let failed = 0;
for (const { name, command } of CHECKS) {
  const [program, ...args] = command;
  const result = spawnSync(program, args, { stdio: 'inherit' });
  const ok = result.status === 0;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}`);
  if (!ok) failed += 1;
}
console.log(`\n${CHECKS.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
