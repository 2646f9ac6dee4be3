// The health check for cron beside commands that answer as they are told; on real groups it runs in test/docs.
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Finished, ROOT, run } from '../kit/process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mad-health-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A command that writes down what it was called with. */
async function command(name: string, script: string): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\necho "${name} $*" >> ${folder}/calls\n${script}\n`);
  await chmod(path, 0o755);
}
const calls = async (): Promise<string[]> =>
  (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
const check = (...args: string[]): Promise<Finished> =>
  run(join(ROOT, 'scripts/operations/health-check.sh'), args, {
    PATH: `${folder}:/usr/bin:/bin`,
    HEALTH_TIMEOUT_S: '1',
  });

describe('the health check', () => {
  test('asks each MAD, and ends with 0 where all are healthy', async () => {
    await command('kubectl', 'echo "- Status: HEALTHY"');
    const { code, stdout } = await check('kubernetes');
    expect(stdout).toBe('ok   grace\nok   fiedler\nok   rogers\nok   sequential-thinking\n');
    expect(code).toBe(0);
    expect(await calls()).toContain(
      'kubectl exec --pod-running-timeout=5s service/sequential-thinking -- mad-status',
    );
  });

  test('says nothing with --quiet where all are healthy, for cron would make a mail of it', async () => {
    await command('kubectl', '');
    expect(await check('--quiet', 'kubernetes')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('shows what a MAD says that is not healthy, and ends with 1', async () => {
    await command('kubectl', 'case $* in *rogers*) echo "- Status: DEGRADED"; echo why >&2; exit 1 ;; esac');
    const { code, stdout } = await check('--quiet', 'kubernetes');
    expect(stdout).toMatch(
      /^FAIL rogers\n {5}- Status: DEGRADED\n {5}why\n\S+Z \S+: not healthy: rogers\. What to do: docs\/operations\.md\n$/,
    );
    expect(code).toBe(1);
  });

  test('does not wait for one that does not answer', async () => {
    await command('kubectl', 'exec sleep 100');
    const { code, stdout } = await check('kubernetes', 'grace');
    expect(stdout).toContain('No answer within 1 s.');
    expect(code).toBe(1);
  });

  test('nor for one that does not end when it is told to', async () => {
    await command('kubectl', "trap '' TERM; while :; do sleep 1; done");
    expect((await check('kubernetes', 'grace')).stdout).toContain('No answer within 1 s.');
  });

  test('shows what was said as it was said, and may be called by a link', async () => {
    await command('kubectl', String.raw`printf '%s\n' 'at C:\cat\new'; exit 1`);
    const link = join(folder, 'health');
    await symlink(join(ROOT, 'scripts/operations/health-check.sh'), link);
    const { stdout } = await run(link, ['kubernetes', 'grace'], { PATH: `${folder}:/usr/bin:/bin` });
    expect(stdout).toContain(String.raw`     at C:\cat\new`);
  });

  test('asks again with --wait until then', async () => {
    await command('kubectl', `[ "$(wc -l < ${folder}/calls)" -gt 2 ]`);
    expect(await check('--wait', '30', 'kubernetes', 'grace')).toMatchObject({
      code: 0,
      stdout: 'ok   grace\n',
    });
    await command('kubectl', 'false');
    expect((await check('--wait', '1', 'kubernetes', 'grace')).code).toBe(1);
  });

  test.each([
    ['compose of version 2', 'true', 'docker compose exec -T sequential_thinking mad-status'],
    ['docker-compose 1.29', 'false', 'docker-compose exec -T sequential_thinking mad-status'],
  ])('needs no terminal of %s', async (_, plugin, call) => {
    await command('docker', `[ "$2" != version ] || ${plugin}`);
    await command('docker-compose', '');
    expect((await check('compose', 'sequential-thinking')).code).toBe(0);
    expect((await calls()).at(-1)).toBe(call);
  });

  test.each([
    ['where they run is not said', [], "Where do they run? '' is no such place."],
    ['where they run is not known', ['podman'], "Where do they run? 'podman' is no such place."],
    ['an option is not known', ['--loud', 'npm'], 'There is no option --loud.'],
    ['--wait has no number', ['--wait', 'npm'], '--wait takes a number of seconds.'],
    ['that number is none of sh', ['--wait', '08', 'npm'], '--wait takes a number of seconds.'],
    ['an option comes late', ['npm', '--quiet'], '--quiet stands before where they run.'],
  ])('ends with 2 and says how it is called where %s', async (_, args, words) => {
    const { code, stdout, stderr } = await check(...args);
    expect(stderr).toMatch(/ Usage: health-check\.sh \[--quiet\]/);
    expect(stderr).toContain(words);
    expect([code, stdout]).toEqual([2, '']);
  });
});
