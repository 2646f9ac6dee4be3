import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import ssh2 from 'ssh2';

/** Types that may log in, as OpenSSH names them. RSA is not among them, nor what rests on SHA-1. */
const PLAIN_TYPES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
] as const;
const TOKEN_TYPE = 'sk-ssh-ed25519@openssh.com';
const KEY_TYPES: readonly string[] = [...PLAIN_TYPES, TOKEN_TYPE];

/** What a security token said of the person beside it; both false where the key is no token's. */
interface Presence {
  readonly touched: boolean;
  readonly verified: boolean;
}

export interface PublicKey {
  readonly type: string;
  /** As it goes over the wire (RFC 4253, section 6.6). */
  readonly blob: Buffer;
  /** As `ssh-keygen -l` prints it: `SHA256:…`. */
  readonly fingerprint: string;
  /** Whether it lies in a security token, which asks for a touch. */
  readonly isToken: boolean;
  /** What the signature proves, or null where it is not one of this key's. Never throws. */
  verify(data: Buffer, signature: Buffer): Presence | null;
}

/** Why a key is not taken, in words that follow a line number. */
export class KeyRefusal extends Error {
  override readonly name = 'KeyRefusal';
}

export const fingerprintOf = (blob: Buffer): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

/**
 * A public key from the two words of its line.
 *
 * @throws KeyRefusal
 */
export function parsePublicKey(type: string, base64: string): PublicKey {
  if (!KEY_TYPES.includes(type)) throw new KeyRefusal(refusedType(type));
  const blob = Buffer.from(base64, 'base64');
  // What is not base64 is skipped when it is read, so that a damaged key would pass as another one.
  const isWhole = blob.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '');
  const [typeInside] = isWhole ? (readStrings(blob) ?? []) : [];
  if (typeInside?.toString() !== type)
    throw new KeyRefusal(`the ${type} key is damaged: copy it again, whole`);
  const facts = { type, blob, fingerprint: fingerprintOf(blob) };
  return type === TOKEN_TYPE ? tokenKey(facts) : plainKey(facts);
}

type KeyFacts = Pick<PublicKey, 'type' | 'blob' | 'fingerprint'>;

function plainKey(facts: KeyFacts): PublicKey {
  const parsed = ssh2.utils.parseKey(`${facts.type} ${facts.blob.toString('base64')}`);
  if (parsed instanceof Error || parsed.type !== facts.type || !isPoint(parsed.getPublicPEM())) {
    throw new KeyRefusal(`the ${facts.type} key is damaged: copy it again, whole`);
  }
  return {
    ...facts,
    isToken: false,
    // It gives an error where the signature cannot even be read, and an error is no `true`.
    verify: (data, signature) =>
      parsed.verify(data, signature) === true ? { touched: false, verified: false } : null,
  };
}

/** A point that is not on the curve is told when the key is read, not at a login. */
function isPoint(pem: string): boolean {
  try {
    createPublicKey(pem);
    return true;
  } catch {
    return false;
  }
}

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;

/**
 * A key of a FIDO token, `ssh-keygen -t ed25519-sk`. What it signs is not the data but sums over it,
 * with flags and a counter: OpenSSH's PROTOCOL.u2f, "SSH U2F Signatures".
 */
function tokenKey(facts: KeyFacts): PublicKey {
  const [, point, application, ...more] = readStrings(facts.blob) ?? [];
  if (point?.length !== 32 || application === undefined || more.length > 0) {
    throw new KeyRefusal(`the ${facts.type} key is damaged: copy it again, whole`);
  }
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') },
    format: 'jwk',
  });
  return {
    ...facts,
    isToken: true,
    verify: (data, signature) => verifyToken(key, application, data, signature),
  };
}

function verifyToken(key: KeyObject, application: Buffer, data: Buffer, signature: Buffer): Presence | null {
  // The signature proper, a byte of flags, a counter of four bytes.
  if (signature.length !== 64 + 1 + 4) return null;
  const sum = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
  const signed = Buffer.concat([sum(application), signature.subarray(64), sum(data)]);
  if (!verify(null, signed, key, signature.subarray(0, 64))) return null;
  const flags = signature.readUInt8(64);
  return { touched: (flags & USER_PRESENT) !== 0, verified: (flags & USER_VERIFIED) !== 0 };
}

/** The strings that bytes consist of (RFC 4251, section 5), or null where they do not. */
function readStrings(bytes: Buffer): Buffer[] | null {
  const strings: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return null;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return null;
    strings.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return strings;
}

function refusedType(type: string): string {
  const make = 'make one with: ssh-keygen -t ed25519';
  if (/-cert-v\d+@/.test(type)) return `certificates are not taken here; ${make}`;
  if (type === 'ssh-rsa' || type === 'ssh-dss') return `${type} keys are not taken here; ${make}`;
  if (type.startsWith('sk-'))
    return `${type} keys are not taken here; make one with: ssh-keygen -t ed25519-sk`;
  return `'${type.slice(0, 40)}' is no type of key that is known here; ${make}`;
}
