import { join } from 'node:path';
import { startRedis } from '@mad-group/bus/testing';
import { expect, test } from 'vitest';
import { startGroup } from '../kit/group.ts';
import { ROOT, run } from '../kit/process.ts';
import { pythonWith } from '../kit/python.ts';

test('a Python client and a MAD of the first implementation hold a conversation, unchanged', {
  timeout: 300_000,
}, async () => {
  const python = await pythonWith('client', join(ROOT, 'test/system/python/requirements.txt'));
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
