import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from './server.test-support.ts';
import { type Finished, ssh } from './testing/openssh.ts';

// A security token, as an agent shows it to OpenSSH: the agent's protocol is draft-miller-ssh-agent,
// what a token signs is OpenSSH's PROTOCOL.u2f.
const TYPE = 'sk-ssh-ed25519@openssh.com';
const { publicKey, privateKey } = generateKeyPairSync('ed25519');

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const string = (bytes: Buffer | string): Buffer => {
  const body = Buffer.from(bytes);
  return Buffer.concat([uint32(body.length), body]);
};
const sum = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();
const point = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
const blob = Buffer.concat([string(TYPE), string(point), string('ssh:')]);

/** Flags of the next signature: 1 touched, 4 verified. */
let flags = 1;
const REQUEST_IDENTITIES = 11;
const IDENTITIES = 12;
const SIGN_REQUEST = 13;
const SIGNATURE = 14;
const FAILURE = 5;

function answer(message: Buffer): Buffer {
  const type = message.readUInt8(0);
  if (type === REQUEST_IDENTITIES) {
    return Buffer.concat([Buffer.of(IDENTITIES), uint32(1), string(blob), string('token@test')]);
  }
  if (type !== SIGN_REQUEST) return Buffer.of(FAILURE);
  const dataAt = 1 + 4 + blob.length;
  const data = message.subarray(dataAt + 4, dataAt + 4 + message.readUInt32BE(dataAt));
  const extra = Buffer.concat([Buffer.of(flags), uint32(7)]);
  const signature = sign(null, Buffer.concat([sum('ssh:'), extra, sum(data)]), privateKey);
  return Buffer.concat([
    Buffer.of(SIGNATURE),
    string(Buffer.concat([string(TYPE), string(signature), extra])),
  ]);
}

let server: TestServer;
let agent: Server;
beforeAll(async () => {
  server = await startServer();
  agent = createServer((socket) => {
    let held = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      held = Buffer.concat([held, bytes]);
      while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
        const end = 4 + held.readUInt32BE(0);
        socket.write(string(answer(held.subarray(4, end))));
        held = held.subarray(end);
      }
    });
  }).listen(join(server.folder, 'agent'));
});
afterAll(async () => {
  agent.close();
  await server.close();
});

async function logIn(line: string, presence: number): Promise<Finished> {
  const known = server.lines.length;
  server.authorize(line);
  await expect.poll(() => server.lines.slice(known).map(({ message }) => message)).toContain('SSH keys read');
  flags = presence;
  const options = ['-o', 'IdentitiesOnly=no', '-o', `IdentityAgent=${join(server.folder, 'agent')}`];
  return ssh({ ...server.login({ options }), key: undefined }, ['toy-say', 'touched']);
}
const lastReason = () =>
  server.lines.findLast(({ facts }) => facts.event === 'ssh_login_refused')?.facts.reason;
const LINE = `${TYPE} ${blob.toString('base64')} token@test`;

test('a key in a token logs in with a touch, and not without', async () => {
  expect((await logIn(LINE, 1)).stdout).toBe('touched\n');
  expect((await logIn(`restrict ${LINE}`, 0)).code).toBe(255);
  expect(lastReason()).toBe('nobody touched the token');
});

test('no-touch-required and verify-required are kept', async () => {
  expect((await logIn(`no-touch-required ${LINE}`, 0)).stdout).toBe('touched\n');
  expect((await logIn(`verify-required ${LINE}`, 1)).code).toBe(255);
  expect(lastReason()).toBe('the token did not ask for its PIN');
  expect((await logIn(`verify-required,pty ${LINE}`, 5)).stdout).toBe('touched\n');
});
