import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, describe, expect, test } from 'vitest';
import { parsePublicKey } from './public-key.ts';
import { makeKey } from './testing/openssh.ts';

const folder = mkdtempSync(join(tmpdir(), 'mad-ssh-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DATA = Buffer.from('what was agreed on');
const words = (line: string) => line.split(' ') as [string, string];

describe.each(['ed25519', 'ecdsa'])('an %s key of ssh-keygen', (type) => {
  const pair = makeKey(folder, type, type);
  const key = parsePublicKey(...words(pair.line));
  const own = ssh2.utils.parseKey(readFileSync(pair.path)) as ssh2.ParsedKey;

  test('has the fingerprint that ssh-keygen prints', () => {
    expect(key.fingerprint).toBe(pair.fingerprint);
  });

  test('takes its own signature over the data, and no other', () => {
    expect(key.verify(DATA, own.sign(DATA))).not.toBeNull();
    expect(key.verify(Buffer.from('something else'), own.sign(DATA))).toBeNull();
    expect(key.verify(DATA, Buffer.alloc(64))).toBeNull();
    expect(key.verify(DATA, Buffer.alloc(0))).toBeNull();
  });

  test('is refused when a piece is missing', () => {
    const [name, base64] = words(pair.line);
    for (const damaged of [base64.slice(0, -9), `${base64}AAAA`, base64.replace('A', '!'), 'AAAA', '']) {
      expect(() => parsePublicKey(name, damaged)).toThrow('damaged: copy it again');
    }
  });
});

test('an ECDSA point that is not on its curve is refused when it is read', () => {
  const [name, base64] = words(makeKey(folder, 'curve', 'ecdsa').line);
  const blob = Buffer.from(base64, 'base64');
  blob.writeUInt8(blob.readUInt8(blob.length - 1) ^ 1, blob.length - 1);
  expect(() => parsePublicKey(name, blob.toString('base64'))).toThrow('damaged');
});

test.each([
  ['ssh-rsa', 'ssh-rsa keys are not taken here; make one with: ssh-keygen -t ed25519'],
  ['ssh-dss', 'ssh-dss keys are not taken here'],
  ['sk-ecdsa-sha2-nistp256@openssh.com', 'ssh-keygen -t ed25519-sk'],
  ['ssh-ed25519-cert-v01@openssh.com', 'certificates are not taken here'],
  ['ssh-invented', "'ssh-invented' is no type of key"],
])('a %s key is refused, with what to do', (type, reason) => {
  expect(() => parsePublicKey(type, 'AAAA')).toThrow(reason);
});

describe('a key in a security token', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const string = (bytes: Buffer | string): Buffer => {
    const body = Buffer.from(bytes);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, body]);
  };
  const TYPE = 'sk-ssh-ed25519@openssh.com';
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
  const blob = Buffer.concat([string(TYPE), string(point), string('ssh:')]);
  const key = parsePublicKey(TYPE, blob.toString('base64'));
  const sum = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();

  const tokenSign = (flags: number, data = DATA, by: KeyObject = privateKey): Buffer => {
    const extra = Buffer.from([flags, 0, 0, 0, 7]);
    return Buffer.concat([sign(null, Buffer.concat([sum('ssh:'), extra, sum(data)]), by), extra]);
  };

  test('says whether it was touched, and whether it asked for its PIN', () => {
    expect(key.isToken).toBe(true);
    expect(key.verify(DATA, tokenSign(0x00))).toEqual({ touched: false, verified: false });
    expect(key.verify(DATA, tokenSign(0x01))).toEqual({ touched: true, verified: false });
    expect(key.verify(DATA, tokenSign(0x05))).toEqual({ touched: true, verified: true });
  });

  test('takes no signature of another, over other data, or with other flags', () => {
    expect(key.verify(DATA, tokenSign(1, DATA, generateKeyPairSync('ed25519').privateKey))).toBeNull();
    expect(key.verify(DATA, tokenSign(1, Buffer.from('another')))).toBeNull();
    const signature = tokenSign(0);
    signature.writeUInt8(0x01, 64);
    expect(key.verify(DATA, signature)).toBeNull();
    expect(key.verify(DATA, tokenSign(1).subarray(0, 64))).toBeNull();
  });
});
