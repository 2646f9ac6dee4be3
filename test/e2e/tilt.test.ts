// What `tilt up` does, without Tilt: the development image, the charts with its values, and a changed
// source put into the running container as Tilt does it, by tar.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createNamespace, must, type TestNamespace } from '../kit/cluster.ts';
import { ROOT } from '../kit/process.ts';

const IMAGE = 'mad/grace:tilt';
const MAIN = 'services/grace/src/main.ts';

/** A tar archive of one file, from standard input to standard output. */
const ARCHIVE = `
import io, sys, tarfile
text = sys.stdin.buffer.read()
info = tarfile.TarInfo(sys.argv[1]); info.size = len(text); info.mode = 0o644
with tarfile.open(fileobj=sys.stdout.buffer, mode='w|') as tar: tar.addfile(info, io.BytesIO(text))
`;

let ns: TestNamespace;
beforeAll(async () => {
  ns = await createNamespace('mad-tilt');
  await must('docker', [
    'build',
    '--quiet',
    '--target',
    'development',
    '--build-arg',
    'SERVICE=grace',
    '--tag',
    IMAGE,
    ROOT,
  ]);
  const load = process.env.LOAD_IMAGES;
  if (load) await must('sh', ['-c', `${load} ${IMAGE}`]);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(await ns.describe());
});
afterAll(() => ns?.delete());

test('a changed source runs without a new image', async () => {
  await ns.kubectl('apply', '-f', 'k8s/tilt-secrets.yaml');
  // Of the MADs, Grace is enough here.
  const others = ['fiedler', 'rogers', 'sequential-thinking'].map((mad) => `${mad}.enabled=false`);
  await ns.helm(
    'install',
    'mads',
    'charts/mad-group',
    '--values=k8s/tilt-values.yaml',
    `--set=${[...others, 'grace.image.tag=tilt'].join(',')}`,
    '--wait',
    '--timeout=120s',
  );
  const changed = `console.log('a line that was not there');\n${readFileSync(join(ROOT, MAIN), 'utf8')}`;
  const archive = execFileSync('python3', ['-c', ARCHIVE, MAIN.replace('services/grace/', '')], {
    input: changed,
  });
  const extract = ns.start(
    'exec',
    '-i',
    'deployment/grace',
    '--',
    'tar',
    '-C',
    '/app/services/grace',
    '-x',
    '-f',
    '-',
  );
  extract.child.stdin?.end(archive);
  expect(await extract.finished).toMatchObject({ code: 0 });
  await expect
    .poll(() => ns.kubectl('logs', 'deployment/grace', '--tail=-1'))
    .toContain('a line that was not there');
  // It is the same container, and it serves again.
  await expect
    .poll(async () => (await ns.exec('deployment/grace', 'mad-status')).stdout, { timeout: 60_000 })
    .toContain('- Status: HEALTHY');
  const [restarts] = (
    await ns.kubectl(
      'get',
      'pods',
      '-l',
      'app.kubernetes.io/name=grace',
      '-o',
      'jsonpath={.items[*].status.containerStatuses[*].restartCount}',
    )
  ).split(' ');
  expect(restarts).toBe('0');
});
