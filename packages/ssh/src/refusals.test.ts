import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from './server.test-support.ts';
import { copyProgram, makeKey, ssh, startSsh, startTerminal } from './testing/openssh.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** Reasons of the refused logins since a line of the log. */
const reasonsSince = (line: number): unknown[] =>
  server.lines
    .slice(line)
    .filter(({ facts }) => facts.event === 'ssh_login_refused')
    .map(({ facts }) => facts.reason);
const refusedRequests = (): unknown[] =>
  server
    .audited()
    .filter(({ event }) => event === 'ssh_request_refused')
    .map(({ what }) => what);

describe('who is not let in', () => {
  test.each(['password', 'keyboard-interactive'])(
    'somebody with a %s: there are keys only',
    async (method) => {
      const login = server.login({ options: ['-o', `PreferredAuthentications=${method}`] });
      expect(await ssh(login, ['toy-say'])).toMatchObject({
        code: 255,
        stderr: expect.stringContaining('Permission denied (publickey)'),
      });
    },
  );

  test('a client that sends a password all the same', async () => {
    const before = server.lines.length;
    const client = new ssh2.Client();
    const password = 'the password of mad';
    client.connect({ port: server.port, username: 'mad', password, authHandler: ['password'] });
    await once(client, 'error');
    expect(reasonsSince(before)).toEqual(['asked with password']);
    expect(JSON.stringify(server.lines)).not.toContain(password);
  });

  test('an RSA key, even where its line is in the file', async () => {
    const rsa = makeKey(server.folder, 'rsa', 'rsa');
    server.authorize(server.key.line, rsa.line);
    await expect
      .poll(() => server.lines.map(({ message }) => message))
      .toContainEqual(
        expect.stringMatching(/^Line 2 of authorized_keys is refused: ssh-rsa keys are not taken/),
      );
    for (const algorithm of ['ssh-rsa', 'rsa-sha2-512']) {
      const options = ['-o', `PubkeyAcceptedAlgorithms=${algorithm}`];
      expect((await ssh(server.login({ key: rsa, options }), ['toy-say'])).code).toBe(255);
    }
    server.authorize(server.key.line);
  });

  test('a stranger’s keys: the third that is refused ends the connection, before a right one', async () => {
    const before = server.lines.length;
    const strangers = [1, 2, 3, 4].map((n) => makeKey(server.folder, `stranger-${n}`));
    const options = strangers.flatMap(({ path }) => ['-i', path]);
    const { code, stderr } = await ssh(server.login({ options }), ['toy-say']);
    expect(code).toBe(255);
    expect(stderr).toMatch(/Received disconnect|Connection closed/);
    expect(reasonsSince(before)).toEqual(Array(3).fill('nobody is known by this key'));
    const fingerprints = server.lines
      .slice(before)
      .filter(({ facts }) => facts.event === 'ssh_login_refused')
      .map(({ facts }) => facts.key_fingerprint);
    expect(fingerprints).toEqual(strangers.slice(0, 3).map(({ fingerprint }) => fingerprint));
    // Two do not.
    expect((await ssh(server.login({ options: options.slice(0, 4) }), ['toy-say'])).code).toBe(0);
  });

  test('somebody of another name', async () => {
    const before = server.lines.length;
    expect((await ssh(server.login({ user: 'root' }), ['toy-say'])).code).toBe(255);
    expect(reasonsSince(before)).toEqual(['the user must be mad']);
  });

  test('whoever has only the public half of a key', async () => {
    const before = server.lines.length;
    const other = ssh2.utils.parseKey(ssh2.utils.generateKeyPairSync('ed25519').private) as ssh2.ParsedKey;
    const known = ssh2.utils.parseKey(server.key.line) as ssh2.ParsedKey;
    /** Shows the key that is known, and signs with one of its own. */
    class Thief extends ssh2.BaseAgent {
      override getIdentities(done: ssh2.IdentityCallback): void {
        done(null, [known]);
      }
      override sign(_key: unknown, data: Buffer, ...[options, done]: unknown[]): void {
        ((done ?? options) as ssh2.SignCallback)(null, other.sign(data));
      }
    }
    const client = new ssh2.Client();
    client.connect({ port: server.port, username: 'mad', agent: new Thief(), authHandler: ['agent'] });
    await once(client, 'error');
    expect(reasonsSince(before)).toContain('the signature is not of this key');
    expect(server.lines.slice(before).some(({ facts }) => facts.event === 'ssh_login')).toBe(false);
  });
});

describe('algorithms that are not offered', () => {
  test.each([
    ['KexAlgorithms', 'diffie-hellman-group14-sha1', 'no matching key exchange method', 'curve25519-sha256'],
    ['KexAlgorithms', 'diffie-hellman-group-exchange-sha256', 'no matching key exchange method', ''],
    ['KexAlgorithms', 'ecdh-sha2-nistp256', 'no matching key exchange method', ''],
    ['HostKeyAlgorithms', 'ssh-rsa', 'no matching host key type', 'ssh-ed25519'],
    ['HostKeyAlgorithms', 'rsa-sha2-512', 'no matching host key type', 'ssh-ed25519'],
    [
      'Ciphers',
      'chacha20-poly1305@openssh.com',
      'no matching cipher',
      'aes256-gcm@openssh.com,aes128-gcm@openssh.com',
    ],
    ['Ciphers', 'aes256-ctr', 'no matching cipher', ''],
    ['Ciphers', 'aes256-cbc', 'no matching cipher', ''],
  ])('%s=%s', async (option, value, problem, offer) => {
    const { code, stderr } = await ssh(server.login({ options: ['-o', `${option}=${value}`] }), ['toy-say']);
    expect(code).toBe(255);
    expect(stderr).toContain(problem);
    expect(stderr).toContain(`Their offer: ${offer}`);
  });

  test('what is offered in all, and strict key exchange with it', async () => {
    const { code, stderr } = await ssh(server.login({ options: ['-vvv'] }), ['toy-say']);
    expect(code).toBe(0);
    const offer = stderr.split('peer server KEXINIT proposal')[1] ?? '';
    const list = (name: string) => new RegExp(`debug2: ${name}: (.*?)\\r?\\n`).exec(offer)?.[1];
    expect({
      kex: list('KEX algorithms'),
      hostKey: list('host key algorithms'),
      ciphers: list('ciphers ctos'),
      macs: list('MACs stoc'),
      compression: list('compression stoc'),
    }).toEqual({
      kex: 'curve25519-sha256,curve25519-sha256@libssh.org,kex-strict-s-v00@openssh.com',
      hostKey: 'ssh-ed25519',
      ciphers: 'aes256-gcm@openssh.com,aes128-gcm@openssh.com',
      macs: 'hmac-sha2-512,hmac-sha2-256',
      compression: 'none',
    });
    expect(stderr).toContain('will use strict KEX ordering');
  });
});

describe('what is not to be had', () => {
  let target: Server;
  let reached = 0;
  beforeAll(async () => {
    target = createServer((socket) => {
      reached += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(target, 'listening');
  });
  afterAll(() => target.close());
  const targetPort = (): number => (target.address() as AddressInfo).port;

  test('a way through to another host (-L, -W)', async () => {
    const through = `127.0.0.1:${targetPort()}`;
    const direct = await ssh(server.login({ options: ['-W', through] }));
    expect(direct.stderr).toContain('open failed');
    const local = join(server.folder, 'forward.sock');
    const client = startSsh(server.login({ options: ['-N', '-L', `${local}:${through}`] }));
    await expect.poll(() => existsSync(local)).toBe(true);
    const socket = connect(local);
    await once(socket.resume(), 'close');
    await client.kill();
    expect(refusedRequests()).toEqual(
      expect.arrayContaining([`forwarding to ${through}`, `forwarding to ${through}`]),
    );
    expect(reached).toBe(0);
  });

  test('a way through to a socket (-L)', async () => {
    const local = join(server.folder, 'other.sock');
    const client = startSsh(server.login({ options: ['-N', '-L', `${local}:/run/docker.sock`] }));
    await expect.poll(() => existsSync(local)).toBe(true);
    await once(connect(local).resume(), 'close');
    await client.kill();
    expect(refusedRequests()).toContain('forwarding to /run/docker.sock');
  });

  test('a way back (-R)', async () => {
    const options = ['-o', 'ExitOnForwardFailure=yes', '-R', `0:127.0.0.1:${targetPort()}`];
    const { code, stderr } = await ssh(server.login({ options }), ['toy-say']);
    expect(code).toBe(255);
    expect(stderr).toContain('remote port forwarding failed');
    expect(refusedRequests()).toContain('tcpip-forward');
  });

  test('the agent of whoever logs in (-A)', async () => {
    const socket = join(server.folder, 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    await expect.poll(() => existsSync(socket)).toBe(true);
    const { code } = await ssh(server.login({ options: ['-A'], env: { SSH_AUTH_SOCK: socket } }), [
      'toy-say',
    ]);
    agent.kill();
    expect(code).toBe(0);
    await expect.poll(refusedRequests).toContain('agent forwarding');
  });

  test('their screen (-X)', async () => {
    const options = ['-X', '-o', 'ForwardX11Trusted=yes', '-o', 'XAuthLocation=/bin/true'];
    const { stderr } = await ssh(server.login({ options, env: { DISPLAY: ':0' } }), ['toy-say']);
    expect(stderr).toContain('X11 forwarding request failed');
    expect(refusedRequests()).toContain('X11 forwarding');
  });

  test('files, by sftp or scp, new or old', async () => {
    const file = join(server.folder, 'file');
    writeFileSync(file, 'text');
    const sftp = await copyProgram('sftp', server.login(), ['mad@127.0.0.1:file', server.folder]);
    expect(sftp.code).not.toBe(0);
    expect(sftp.stderr).toContain('subsystem request failed');
    const scp = await copyProgram('scp', server.login(), [file, 'mad@127.0.0.1:copy']);
    expect(scp.code).not.toBe(0);
    const old = await copyProgram('scp', server.login(), ['-O', file, 'mad@127.0.0.1:copy']);
    expect(old.code).not.toBe(0);
    expect(old.stderr).toContain("There is no command 'scp'");
    expect(refusedRequests()).toContain('sftp');
    const other = await ssh(server.login({ options: ['-s'] }), ['netconf']);
    expect(other.stderr).toContain('subsystem request failed');
    expect(refusedRequests()).toContain('the subsystem netconf');
  });

  test.each(['sh -c id', 'toy-say; id', '$(id)', '`id`', '/bin/sh', 'toy-say\nid'])(
    'a shell: %j',
    async (line) => {
      const { stdout, stderr } = await ssh(server.login(), [line]);
      expect(stdout).not.toContain('uid=');
      expect(stderr + stdout).toMatch(/There is no command|\bid\n$/);
    },
  );

  test('what a shell makes of a line', async () => {
    const made = join(server.folder, 'made');
    const { stdout } = await ssh(server.login(), [`toy-say $HOME * ~ > ${made} && touch ${made}`]);
    expect(stdout).toBe(`$HOME|*|~|>|${made}|&&|touch|${made}\n`);
    expect(existsSync(made)).toBe(false);
  });
});

describe('a key with options', () => {
  const only = async (options: string): Promise<void> => {
    const known = server.lines.length;
    server.authorize(`${options} ${server.key.line}`);
    await expect
      .poll(() => server.lines.slice(known).map(({ message }) => message))
      .toContain('SSH keys read');
  };
  afterAll(() => server.authorize(server.key.line));

  test('restrict: commands, and no terminal', async () => {
    await only('restrict');
    expect((await ssh(server.login(), ['toy-say', 'hi'])).stdout).toBe('hi\n');
    const client = startTerminal(server.login(), ['toy-say', 'hi']);
    expect((await client.finished).stdout).toContain('PTY allocation request failed');
    expect(refusedRequests()).toContain('a terminal');
  });

  test('command="…": that one, whatever is asked for', async () => {
    await only('restrict,command="toy-say only this"');
    for (const words of [['toy-fail'], ['flood', '9'], []]) {
      expect((await ssh(server.login(), words)).stdout, words.join(' ')).toBe('only|this\n');
    }
    expect(refusedRequests()).toContain('the command toy-fail, since the key runs one alone');
  });

  test.each([
    ['from="10.0.0.0/8"', 'the key may not come from this address'],
    ['expiry-time="20200101Z"', 'the key has expired'],
  ])('%s: not from here, not now', async (options, reason) => {
    await only(options);
    const before = server.lines.length;
    expect((await ssh(server.login(), ['toy-say'])).code).toBe(255);
    expect(reasonsSince(before)).toContain(reason);
  });

  test('from="127.0.0.1",expiry-time in the future: here, and now', async () => {
    await only('from="127.0.0.1,!127.0.0.2",expiry-time="29991231Z"');
    expect((await ssh(server.login(), ['toy-say'])).code).toBe(0);
  });
});
