import { expect, test } from 'vitest';
import { run } from '../kit/process.ts';

test('docs/reference says what the code says: tools, errors, environment, metrics', async () => {
  const { code, stderr } = await run('node', ['scripts/reference.ts', '--check']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
});
