import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRedis } from '@mad-group/bus/testing';
import { expect, test } from 'vitest';
import { startGroup } from '../kit/group.ts';
import { ROOT, run } from '../kit/process.ts';

const REQUIREMENTS = join(ROOT, 'test/system/python/requirements.txt');
const VENV = join(ROOT, 'node_modules/.cache/python');

/** A virtual environment with what the client needs, made anew when the list has changed. */
async function pythonWithRequirements(): Promise<string> {
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  const stamp = join(VENV, 'installed-from');
  const python = join(VENV, 'bin/python');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    for (const [command, ...args] of [
      ['python3', '-m', 'venv', '--clear', VENV],
      [
        python,
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--requirement',
        REQUIREMENTS,
      ],
    ] as [string, ...string[]][]) {
      const { code, stderr } = await run(command, args);
      expect(code, stderr).toBe(0);
    }
    writeFileSync(stamp, wanted);
  }
  return python;
}

test('a Python client and a MAD of the first implementation hold a conversation, unchanged', {
  timeout: 300_000,
}, async () => {
  const python = await pythonWithRequirements();
  const redis = await startRedis();
  const secrets = { REDIS_URL: redis.url, REDIS_PASSWORD: redis.password };
  const group = await startGroup(secrets);
  try {
    const urls = (['grace', 'fiedler', 'rogers', 'sequential-thinking'] as const).map(group.url);
    const { code, stdout, stderr } = await run(
      python,
      [join(ROOT, 'test/system/python/first_generation.py'), ...urls],
      secrets,
    );
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toContain('ok all of it');
  } finally {
    await group.stop();
    await redis.stop();
  }
});
