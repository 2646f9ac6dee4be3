// Runs every test and closes with a line of its own, `N passed, N failed`.
//   npm test               all
//   npm test -- PATH …     the test files whose path holds one of these words
//   npm run test:faults    the faults, in their short form; FAULTS=full for the long one
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const folder = mkdtempSync(join(tmpdir(), 'mad-test-'));
const reportPath = join(folder, 'report.json');
// Colour codes only make a stored log hard to read.
const env = process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: '1' };
const { status } = spawnSync(
  'vitest',
  [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportPath}`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', env },
);

let passed = 0;
let failed = 0;
try {
  const report = JSON.parse(readFileSync(reportPath, 'utf8')) as Report;
  passed = report.numPassedTests;
  // A file that cannot be loaded has no tests of its own to fail; neither may a test be skipped.
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  failed = report.numFailedTests + report.numPendingTests + broken.length;
} catch (error) {
  console.error(`vitest left no report: ${(error as Error).message}`);
}
rmSync(folder, { recursive: true, force: true });
if (failed === 0 && (status !== 0 || passed === 0)) failed = 1;
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
