// Tilt itself is not here: its file is read as Starlark, and what it calls for must be there.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MAD_IMAGES as IMAGES } from '../../scripts/image-names.ts';
import { template } from '../kit/helm.ts';
import { ROOT, run } from '../kit/process.ts';
import { pythonWith } from '../kit/python.ts';

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

test('the Tiltfile builds each image, deploys the charts and forwards the ports', {
  timeout: 300_000,
}, async () => {
  const python = await pythonWith('charts', join(ROOT, 'test/charts/requirements.txt'));
  const { code, stdout, stderr } = await run(python, ['test/charts/tiltfile.py', 'Tiltfile']);
  expect(code, stderr).toBe(0);
  const calls = JSON.parse(stdout) as Call[];
  const of = (name: string): Call[] => calls.filter((call) => call.name === name);

  expect(
    of('docker_build')
      .map(({ args }) => args[0])
      .toSorted(),
  ).toEqual(IMAGES.map((name) => `mad/${name}`).toSorted());
  for (const { kwargs } of of('docker_build')) expect(kwargs).toMatchObject({ target: 'development' });
  const files = [
    ...of('sync').map(({ args }) => args[0]),
    ...of('fall_back_on').flatMap(({ args }) => args[0]),
    ...of('helm').map(({ args }) => args[0]),
  ] as string[];
  for (const file of files) expect(existsSync(join(ROOT, file)), file).toBe(true);
  expect(
    of('k8s_resource')
      .map(({ args }) => args[0])
      .toSorted(),
  ).toEqual([...IMAGES, 'redis'].toSorted());
});

test('what it deploys can be rendered, with roots that can be written and secrets that stay', async () => {
  const render = (): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    template('mad-group', '--values', 'k8s/tilt-values.yaml');
  const { code, stdout, stderr } = await render();
  expect(code, stderr).toBe(0);
  expect(stdout.match(/readOnlyRootFilesystem: false/g)).toHaveLength(IMAGES.length);
  expect((await render()).stdout).toBe(stdout);
});
