// Administration over SSH on a cluster: who may knock, who may come in, and what lasts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyPair, type Login, makeKey, ssh } from '@mad-group/ssh/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connectFrom, createNamespace, forwardPort, REFUSED, type TestNamespace } from '../kit/cluster.ts';
import { ROOT } from '../kit/process.ts';
import { restrictedPod } from '../kit/restricted-pod.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
/** The kubelet brings a changed Secret into a pod within its sync period and the age of its cache. */
const SYNC_MS = 180_000;

let ns: TestNamespace;
let folder: string;
let ada: KeyPair;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mad-e2e-ssh-'));
  ada = makeKey(folder, 'ada');
  ns = await createNamespace('mad-ssh');
  writeFileSync(join(folder, 'people'), `# operations\n${ada.line}\n`);
  await ns.kubectl(
    'create',
    'secret',
    'generic',
    'people',
    `--from-file=authorized_keys=${join(folder, 'people')}`,
  );
  await ns.helm(
    'install',
    'mads',
    'charts/mad-group',
    '--set=fiedler.ssh.existingSecret=people',
    `--set-file=rogers.ssh.authorizedKeys=${ada.path}.pub`,
    '--wait',
    '--timeout=180s',
  );
}, 240_000);
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(await ns.describe());
});
afterAll(async () => {
  await ns?.delete();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command over SSH through `kubectl port-forward`, which a restart of the pod ends. */
async function asked(mad: 'fiedler' | 'rogers', words: string[], more: Partial<Login> = {}) {
  const forward = await forwardPort(ns, mad, 2222);
  try {
    const options = ['-o', `HostKeyAlias=${mad}`, ...(more.options ?? [])];
    return await ssh(
      { key: ada, knownHosts: join(folder, 'known_hosts'), ...more, port: forward.port, options },
      words,
    );
  } finally {
    await forward.stop();
  }
}

test('a key in a Secret of one’s own, and a key in the values, log in', async () => {
  expect((await asked('fiedler', ['mad-status'])).stdout).toMatch(/^Fiedler V1 is RUNNING\.\n/);
  expect((await asked('rogers', ['rogers-connections'])).stdout).toMatch(
    /^--- Showing \d+ MAD Connections ---\n/,
  );
});

test('the host key outlives the pod', async () => {
  await ns.kubectl('delete', 'pod', 'fiedler-0', '--wait=true');
  await ns.kubectl('rollout', 'status', 'statefulset/fiedler', '--timeout=120s');
  const { code, stderr } = await asked('fiedler', ['mad-status'], {
    options: ['-o', 'StrictHostKeyChecking=yes'],
  });
  expect([code, stderr]).toEqual([0, '']);
}, 180_000);

test('only pods that are labelled for it may knock; others reach what they may', async () => {
  const greeting = `
    const socket = require('node:net').connect(2222, 'fiedler');
    socket.setTimeout(3000, () => socket.destroy(new Error('nothing answers')));
    socket.on('data', (bytes) => { console.log(String(bytes).trim()); socket.end(); });
    socket.on('error', (error) => { console.log(error.message); process.exitCode = 1; });`;
  const pod = (name: string, label: string) =>
    restrictedPod({
      name,
      labels: { [label]: 'true' },
      image: `mad/grace:${version}`,
      command: ['sleep', '3600'],
    });
  await ns.apply(pod('administrator', 'mads.dev/admin'), pod('client', 'mads.dev/client'));
  await ns.kubectl('wait', '--for=condition=Ready', 'pod/administrator', 'pod/client', '--timeout=60s');
  // NetworkPolicies take a moment to know a new pod.
  await expect
    .poll(async () => (await ns.exec('administrator', 'node', '-e', greeting)).stdout, { timeout: 60_000 })
    .toBe('SSH-2.0-MAD\n');
  await expect.poll(() => connectFrom(ns, 'client', 'fiedler', 8001), { timeout: 60_000 }).toBe('open');
  expect(await connectFrom(ns, 'client', 'fiedler', 2222)).toMatch(REFUSED);
  expect(await connectFrom(ns, 'administrator', 'fiedler', 8001)).toMatch(REFUSED);
}, 180_000);

test(
  'a changed Secret lets others in, and whoever left out, without a restart',
  async () => {
    const grace = makeKey(folder, 'grace');
    const uid = () => ns.kubectl('get', 'pod', 'fiedler-0', '-o', 'jsonpath={.metadata.uid}');
    const before = await uid();
    const data = { authorized_keys: Buffer.from(grace.line).toString('base64') };
    await ns.kubectl('patch', 'secret', 'people', '--patch', JSON.stringify({ data }));
    await expect
      .poll(async () => (await asked('fiedler', ['help'], { key: grace })).code, {
        timeout: SYNC_MS,
        interval: 5_000,
      })
      .toBe(0);
    expect((await asked('fiedler', ['help'])).code).toBe(255);
    expect(await uid()).toBe(before);
  },
  SYNC_MS + 60_000,
);
