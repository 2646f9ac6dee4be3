import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import ssh2 from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from './server.test-support.ts';
import { ssh } from './testing/openssh.ts';

// What nobody catches fails the run: so would a MAD end.
let server: TestServer;
beforeAll(async () => {
  // A failed connection must not be spoken to again by the library's own timer.
  ssh2.Server.KEEPALIVE_CLIENT_INTERVAL = 50;
  server = await startServer({ SSH_MAX_CONNECTIONS: '1000' });
});
afterAll(() => server.close());
afterEach(async () => {
  expect((await ssh(server.login(), ['toy-say', 'still here'])).stdout).toBe('still|here\n');
});

async function open(): Promise<Socket> {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}
/** Sends bytes, keeps the own side open, and resolves when the server has closed. */
async function send(...pieces: (string | Buffer)[]): Promise<void> {
  const socket = await open();
  const ended = Promise.race([once(socket.resume(), 'end'), once(socket, 'close')]);
  for (const piece of pieces) socket.write(piece);
  await ended;
  socket.destroy();
}
const IDENT = 'SSH-2.0-test\r\n';

/** A packet before there are keys (RFC 4253, section 6). */
function packet(payload: Buffer): Buffer {
  const padding = 8 - ((5 + payload.length) % 8) + 8;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length + padding);
  head.writeUInt8(padding, 4);
  return Buffer.concat([head, payload, randomBytes(padding)]);
}
const list = (names: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(names.length);
  return Buffer.concat([length, Buffer.from(names)]);
};
const kexInit = (kex: string): Buffer =>
  Buffer.concat([
    Buffer.of(20),
    randomBytes(16),
    ...[
      kex,
      'ssh-ed25519',
      ...Array(2).fill('aes256-gcm@openssh.com'),
      ...Array(2).fill('hmac-sha2-256'),
    ].map(list),
    ...['none', 'none', '', ''].map(list),
    Buffer.alloc(5),
  ]);
const IGNORE = packet(Buffer.concat([Buffer.of(2), list('nothing')]));
const STRICT = 'curve25519-sha256,kex-strict-c-v00@openssh.com';

describe('before the login', () => {
  test('bytes that are no SSH end the connection', async () => {
    await Promise.all([
      send('GET / HTTP/1.1\r\nHost: fiedler\r\n\r\n', 'x'.repeat(10_000)),
      send('\0'.repeat(300_000)),
      send('SSH-1.5-old\r\n'),
      send(IDENT, randomBytes(5000)),
      send(IDENT, packet(Buffer.of(255))),
      send(IDENT, Buffer.from('ffffffff0affffff', 'hex'), randomBytes(100)),
    ]);
  }, 60_000);

  test('a packet slipped in before the keys are agreed on ends a strict connection (Terrapin)', async () => {
    const before = performance.now();
    await Promise.all([
      send(IDENT, IGNORE, packet(kexInit(STRICT))),
      send(IDENT, packet(kexInit(STRICT)), IGNORE),
    ]);
    expect(performance.now() - before).toBeLessThan(19_000);
    // Where a client does not know of it, it goes on: those ciphers alone are offered that need it not.
    const lax = await open();
    lax.write(Buffer.concat([Buffer.from(IDENT), IGNORE, packet(kexInit('curve25519-sha256')), IGNORE]));
    lax.resume();
    await sleep(500);
    expect(lax.closed).toBe(false);
    lax.destroy();
  }, 60_000);

  test('a marker of strictness is no way to agree on keys', async () => {
    await send(IDENT, packet(kexInit('kex-strict-s-v00@openssh.com')));
  }, 60_000);

  test('whatever comes, it goes on for the others', async () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => packet(Buffer.from(bytes))),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(packet(kexInit(STRICT)), packet(kexInit('curve25519-sha256')), IGNORE),
      fc
        .tuple(fc.integer({ min: 1, max: 100 }), fc.uint8Array({ maxLength: 60 }))
        .map(([type, bytes]) => packet(Buffer.from([type, ...bytes]))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 6 }), async (pieces) => {
        const socket = await open();
        for (const piece of [Buffer.from(IDENT), ...pieces]) socket.write(piece);
        socket.resume().end();
        await Promise.race([once(socket, 'close'), sleep(30)]);
        socket.destroy();
      }),
      { numRuns: 200 },
    );
  }, 120_000);
});

describe('after the login', () => {
  /** The library's client, whose inner parts can be made to say anything. */
  type Inner = ssh2.Client & {
    _sock: Socket;
    _protocol: {
      _packetRW: {
        write: { allocStart: number; alloc(length: number): Buffer; finalize(packet: Buffer): Buffer };
      };
      _cipher: { encrypt(packet: Buffer): void };
    };
  };
  async function loggedIn(): Promise<Inner> {
    const client = new ssh2.Client() as Inner;
    client.on('error', () => undefined);
    client.connect({ port: server.port, username: 'mad', privateKey: readFileSync(server.key.path) });
    await once(client, 'ready');
    return client;
  }
  function say({ _protocol }: Inner, payload: Buffer): void {
    const { write } = _protocol._packetRW;
    const at = write.allocStart;
    const bytes = write.alloc(payload.length);
    bytes.set(payload, at);
    _protocol._cipher.encrypt(write.finalize(bytes));
  }

  test('a connection that failed is closed, though the other side keeps it open', async () => {
    const client = await loggedIn();
    const socket = client._sock;
    socket.removeAllListeners('data');
    (socket as Socket & { allowHalfOpen: boolean }).allowHalfOpen = true;
    // A request for a channel that breaks off in its first word.
    say(client, Buffer.from([90, 0, 0, 1, 0, 65]));
    await expect.poll(() => server.audited().at(-1)?.event).toBe('ssh_logout');
    await sleep(300);
    socket.destroy();
  });

  test('whatever is said, it goes on for the others', async () => {
    const session = Buffer.concat([
      Buffer.of(90),
      list('session'),
      Buffer.from([0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 128, 0]),
    ]);
    const request = fc
      .tuple(
        fc.constantFrom(
          'pty-req',
          'env',
          'exec',
          'shell',
          'subsystem',
          'window-change',
          'signal',
          'x11-req',
          'break',
        ),
        fc.uint8Array({ maxLength: 60 }),
      )
      .map(([name, bytes]) => Buffer.concat([Buffer.from([98, 0, 0, 0, 0]), list(name), Buffer.from(bytes)]));
    const message = fc.oneof(
      request,
      fc.constant(session),
      fc
        .tuple(fc.integer({ min: 1, max: 127 }), fc.uint8Array({ maxLength: 60 }))
        .map(([type, bytes]) => Buffer.from([type, ...bytes])),
      // Data, and its end, for a channel that is there, and for others.
      fc.constantFrom(94, 95, 96, 97, 93).map((type) => Buffer.from([type, 0, 0, 0, 0, 0, 0, 0, 1, 120])),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), async (messages) => {
        const client = await loggedIn();
        client._sock.removeAllListeners('data');
        for (const payload of [session, ...messages]) say(client, payload);
        await sleep(20);
        client._sock.destroy();
      }),
      { numRuns: 100 },
    );
  }, 120_000);
});
