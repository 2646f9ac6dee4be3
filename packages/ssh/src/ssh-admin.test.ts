import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, type FurtherSurface, loadConfig, type MadInside } from '@mad-group/mad';
import { recordingLog } from '@mad-group/protocol/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sshAdmin } from './ssh-admin.ts';
import { makeKey, ssh } from './testing/openssh.ts';

let folder: string;
let surface: FurtherSurface;
let recorded: ReturnType<typeof recordingLog>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mad-ssh-admin-'));
  recorded = recordingLog();
});
afterEach(async () => {
  await surface?.stop();
  rmSync(folder, { recursive: true });
});

async function start(env: Environment): Promise<FurtherSurface> {
  const config = loadConfig({ DATA_DIR: folder, ...env });
  const inside: MadInside = {
    id: 'fiedler',
    title: 'FiedlerV1',
    log: recorded.log,
    bus: null,
    callTool: async () => ({ ok: true, reply: {}, correlationId: '' }),
  };
  surface = sshAdmin({ config, port: 0, portKey: 'TOY_SSH_PORT', commands: [] })(inside);
  await surface.start();
  return surface;
}
const path = () => join(folder, 'authorized_keys');

test.each([
  ['is not said where the keys are', () => ({}), /^SSH_AUTHORIZED_KEYS is not set$/],
  ['the file is not there', () => ({ SSH_AUTHORIZED_KEYS: path() }), /^there is no file .*authorized_keys$/],
  [
    'there is no key in the file',
    () => {
      writeFileSync(path(), '# put keys here\n');
      return { SSH_AUTHORIZED_KEYS: path() };
    },
    /^.*authorized_keys has no key that may log in$/,
  ],
  [
    'there is none that is taken',
    () => {
      writeFileSync(path(), 'ssh-rsa AAAA old@desk\n');
      return { SSH_AUTHORIZED_KEYS: path() };
    },
    /has no key that may log in$/,
  ],
])('where it %s, there is no port, and the log says why', async (_case, env, why) => {
  const { port, whyClosed } = await start(env());
  expect(port).toBeNull();
  expect(whyClosed).toMatch(why);
  expect(recorded.lines.at(-1)?.message).toBe(`No SSH port: ${whyClosed}`);
});

test('without a host key it stays closed, and names the file', async () => {
  writeFileSync(path(), makeKey(folder, 'ada').line);
  writeFileSync(join(folder, 'fiedler_ssh_host_ed25519_key'), 'not a key');
  const { port, whyClosed } = await start({ SSH_AUTHORIZED_KEYS: path() });
  expect([port, whyClosed]).toEqual([
    null,
    expect.stringContaining('fiedler_ssh_host_ed25519_key is no ed25519'),
  ]);
});

test('with a key it is open, and says which host it is; a public key is a file of keys, too', async () => {
  const key = makeKey(folder, 'ada');
  const { port } = await start({ SSH_AUTHORIZED_KEYS: `${key.path}.pub` });
  expect(recorded.lines.at(-1)).toMatchObject({
    message: `SSH server started on port ${port}`,
    facts: { host: '127.0.0.1', keys: 1, host_key: expect.stringMatching(/^SHA256:/) },
  });
  const login = { port: port as number, key, knownHosts: join(folder, 'known') };
  // Without a bus there is none to show.
  expect((await ssh(login, ['bus-tail'])).code).toBe(127);
  await surface.stop();
  expect((await ssh(login, ['help'])).stderr).toContain('Connection refused');
});

test('what speaks SSH is loaded only where somebody may log in', () => {
  const script = `
    import { createRequire } from 'node:module';
    import '@mad-group/ssh';
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.filter((file) => file.includes('/ssh2/')).length);`;
  const loaded = execFileSync('node', ['--input-type=module', '-e', script], { cwd: import.meta.dirname });
  expect(loaded.toString()).toBe('0\n');
});
