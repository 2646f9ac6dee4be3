import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FIXTURE_BOUND, type SpecVersion } from './fixture-bound.ts';

export { SPEC_VERSIONS } from './fixture-bound.ts';

export interface ConformanceRun {
  /** Address of an MCP endpoint that asks for no token. */
  readonly url: string;
  readonly specVersion: SpecVersion;
  /** Entries of the list that this server passes all the same, since it has the fixtures. */
  readonly provides?: ReadonlySet<string>;
  /** Longest time for the whole run, in milliseconds. Default 120,000. */
  readonly timeoutMs?: number;
}

export interface ConformanceResult {
  /** Nothing failed that is not on the list, and nothing on the list passed. */
  readonly ok: boolean;
  /** Checks by what became of them; `excused` failed and are on the list. */
  readonly passed: number;
  readonly excused: number;
  readonly unexpected: readonly string[];
  /** What the suite printed. */
  readonly output: string;
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/**
 * Runs every server scenario of MCP's own conformance suite that applies to one revision against a
 * running server. The suite judges; this only hands it the list of what needs its fixtures.
 */
export async function runConformance(run: ConformanceRun): Promise<ConformanceResult> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-conformance-'));
  try {
    const baseline = join(folder, 'expected-failures.yml');
    const entries = expectedFailures(run.specVersion, run.provides);
    await writeFile(baseline, `server:\n${entries.map((entry) => `  - ${entry}\n`).join('')}`);
    const results = join(folder, 'results');
    const suite = await runSuite(run, ['--expected-failures', baseline, '--output-dir', results]);
    const checks = await readChecks(results);
    // With a baseline the suite takes a warning for a failure.
    const failed = checks.filter(({ check }) => check.status === 'FAILURE' || check.status === 'WARNING');
    const excuses = (scenario: string, id: string): boolean =>
      entries.includes(scenario) || entries.includes(`${scenario}:${id}`);
    return {
      ok: suite.exitCode === 0,
      passed: checks.filter(({ check }) => check.status === 'SUCCESS').length,
      excused: failed.filter(({ scenario, check }) => excuses(scenario, check.id)).length,
      unexpected: failed
        .filter(({ scenario, check }) => !excuses(scenario, check.id))
        .map(({ scenario, check }) => `${scenario}:${check.id} ${check.errorMessage ?? ''}`),
      output: suite.output,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the list excuses in one revision: scenarios, or `scenario:check`. */
const expectedFailures = (specVersion: SpecVersion, provides?: ReadonlySet<string>): string[] =>
  FIXTURE_BOUND.filter(({ revisions }) => revisions.includes(specVersion))
    .map(({ entry }) => entry)
    .filter((entry) => !provides?.has(entry));

function runSuite(
  { url, specVersion, timeoutMs = 120_000 }: ConformanceRun,
  more: string[],
): Promise<{ exitCode: number | null; output: string }> {
  const { resolve: find } = createRequire(import.meta.url);
  const program = join(dirname(find('@modelcontextprotocol/conformance/package.json')), 'dist', 'index.js');
  const args = ['server', '--url', url, '--suite', 'all', '--spec-version', specVersion, ...more];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { timeout: timeoutMs });
    let output = '';
    const take = (chunk: Buffer): void => {
      output += String(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, output }));
  });
}

/** Every check of every scenario. The suite names a folder `server-{scenario}-{time}`. */
async function readChecks(results: string): Promise<{ scenario: string; check: Check }[]> {
  const files = await readdir(results, { recursive: true });
  const all = files
    .filter((file) => file.endsWith('checks.json'))
    .map(async (file) => {
      const scenario = dirname(file)
        .replace(/^server-/, '')
        .replace(/-\d{4}-\d\d-\d\dT.*$/, '');
      const checks = JSON.parse(await readFile(join(results, file), 'utf8')) as Check[];
      return checks.map((check) => ({ scenario, check }));
    });
  return (await Promise.all(all)).flat();
}
