import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { startServer, type TestServer } from './server.test-support.ts';
import { makeKey, type SshClient, ssh, startSsh, startTerminal } from './testing/openssh.ts';

let server: TestServer;
const clients: SshClient[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.child.kill('SIGKILL');
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

/** Logs in, and stays. */
async function stay(): Promise<SshClient> {
  const client = startSsh(server.login(), ['toy-wait']);
  clients.push(client);
  await expect.poll(client.stdout).toBe('waiting\n');
  return client;
}
/** Connects, and says nothing. */
async function lurk(): Promise<{ ended(): boolean }> {
  const socket = connect(server.port, '127.0.0.1').resume();
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'data');
  return { ended: () => socket.closed };
}

test('past the limit a connection is refused, with a word, and those that are there stay', async () => {
  server = await startServer({ SSH_MAX_CONNECTIONS: '2' });
  const [first] = [await stay(), await stay()];
  const { code, stderr } = await ssh(server.login({ options: ['-v'] }), ['toy-say']);
  expect(code).toBe(255);
  expect(stderr).toContain('Too many connections');
  await first.kill();
  await expect.poll(async () => (await ssh(server.login(), ['toy-say', 'hi'])).stdout).toBe('hi\n');
});

test('who does not log in cannot keep out who does', async () => {
  server = await startServer({ SSH_MAX_CONNECTIONS: '2' });
  const lurkers = [await lurk(), await lurk()];
  expect((await ssh(server.login(), ['toy-say', 'hi'])).stdout).toBe('hi\n');
  // One of them made room.
  await expect.poll(() => lurkers.filter(({ ended }) => ended())).toHaveLength(1);
});

test('a flood from one address keeps out nobody at another', async () => {
  server = await startServer({ SSH_MAX_CONNECTIONS: '4' });
  const flood = setInterval(() => {
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    sockets.push(socket.resume().on('error', () => undefined));
  }, 5);
  try {
    await expect.poll(() => sockets.filter(({ closed }) => closed).length).toBeGreaterThan(20);
    for (let n = 0; n < 3; n += 1) {
      expect((await ssh(server.login(), ['toy-say', 'hi'])).stdout).toBe('hi\n');
    }
  } finally {
    clearInterval(flood);
  }
});

test('a login that takes too long is ended', async () => {
  server = await startServer({ SSH_LOGIN_MS: '1000' });
  const lurker = await lurk();
  await expect.poll(lurker.ended).toBe(true);
  expect(server.audited()).toContainEqual({ event: 'ssh_login_refused', reason: 'no login in time' });
});

test('a prompt at which nothing is typed is ended, with a word; a command that runs is not idle', async () => {
  server = await startServer({ SSH_IDLE_MS: '1500' });
  const waiting = await stay();
  const prompt = startTerminal(server.login());
  clients.push(prompt);
  await expect.poll(prompt.stdout).toContain('toy> ');
  const { code, stdout } = await prompt.finished;
  expect([code, stdout]).toEqual([143, expect.stringContaining('[nothing was done for too long; goodbye]')]);
  expect(waiting.child.exitCode).toBeNull();
});

test('a connection without a session is idle too', async () => {
  server = await startServer({ SSH_IDLE_MS: '1000' });
  const client = startSsh(server.login({ options: ['-N'] }));
  clients.push(client);
  expect((await client.finished).code).toBe(255);
});

test('who is logged in with a key that is taken away is logged out; others are not', async () => {
  server = await startServer();
  const other = makeKey(server.folder, 'grace');
  server.authorize(server.key.line, other.line);
  const login = server.login({ key: other });
  await expect.poll(async () => (await ssh(login, ['toy-say'])).code).toBe(0);
  const leaving = startSsh(login, ['toy-wait']);
  clients.push(leaving);
  const staying = await stay();
  await expect.poll(leaving.stdout).toBe('waiting\n');
  server.authorize(server.key.line);
  const { code, stderr } = await leaving.finished;
  expect([code, stderr]).toEqual([143, expect.stringContaining('[this key may no longer log in; goodbye]')]);
  expect(staying.child.exitCode).toBeNull();
  expect((await ssh(login, ['toy-say'])).code).toBe(255);
});

test('a stop ends commands, prompts and strangers, with a word', async () => {
  server = await startServer();
  const waiting = await stay();
  const prompt = startTerminal(server.login());
  clients.push(prompt);
  await expect.poll(prompt.stdout).toContain('toy> ');
  const lurker = await lurk();
  await server.close();
  expect(await waiting.finished).toMatchObject({
    code: 143,
    stderr: expect.stringContaining('[Toy V1 is stopping; goodbye]'),
  });
  expect((await prompt.finished).stdout).toContain('[Toy V1 is stopping; goodbye]\r\n');
  await expect.poll(lurker.ended).toBe(true);
  server = { ...server, close: async () => undefined };
});

test('sessions that share a connection have their limit', async () => {
  server = await startServer();
  const control = `${server.folder}/control`;
  const master = startSsh(server.login({ options: ['-M', '-S', control, '-N'] }));
  clients.push(master);
  const shared = server.login({ options: ['-S', control] });
  await expect
    .poll(async () => (await ssh(server.login({ options: ['-S', control, '-O', 'check'] }))).code)
    .toBe(0);
  for (let sessions = 0; sessions < 8; sessions += 1) {
    const client = startSsh(shared, ['toy-wait']);
    clients.push(client);
    await expect.poll(client.stdout).toBe('waiting\n');
  }
  const { stderr } = await ssh(shared, ['toy-say', 'one too many']);
  expect(stderr).toContain('Session open refused by peer');
  clients.at(-1)?.child.kill();
  await expect.poll(async () => (await ssh(shared, ['toy-say', 'room'])).stdout).toBe('room\n');
  const logins = server.audited().filter(({ event }) => event === 'ssh_login');
  expect(logins.length).toBeGreaterThanOrEqual(1);
});
