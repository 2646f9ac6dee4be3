import type { AuthContext, PublicKeyAuthContext } from 'ssh2';
import type { AuthorizedKey } from './authorized-keys.ts';
import type { KeyRing } from './keyring.ts';
import { fingerprintOf } from './public-key.ts';

/** The only name to log in with: who somebody is, the key says. */
const USER = 'mad';

export type Verdict =
  /** The key would do; its signature is to come. */
  | { readonly kind: 'promising' }
  | { readonly kind: 'admitted'; readonly key: AuthorizedKey }
  /** The reason is for the log: the client learns none. */
  | { readonly kind: 'refused'; readonly reason: string; readonly fingerprint?: string };

/** Judges one try to log in, at this time, from this address. */
export function judge(context: AuthContext, keys: KeyRing, address: string, nowMs: number): Verdict {
  if (context.method !== 'publickey') return { kind: 'refused', reason: `asked with ${context.method}` };
  const fingerprint = fingerprintOf(context.key.data);
  const refuse = (reason: string): Verdict => ({ kind: 'refused', reason, fingerprint });
  const key = keys.find(context.key.data);
  if (!key) return refuse('nobody is known by this key');
  if (context.username !== USER) return refuse(`the user must be ${USER}`);
  if (context.key.algo !== key.type) return refuse('the key is of another type');
  const { from, expiresMs } = key.options;
  if (expiresMs !== null && nowMs >= expiresMs) return refuse('the key has expired');
  if (from !== null && !from(address)) return refuse('the key may not come from this address');
  if (context.signature === undefined) return { kind: 'promising' };
  const problem = signatureProblem(context, key);
  return problem === null ? { kind: 'admitted', key } : refuse(problem);
}

function signatureProblem({ blob, signature }: PublicKeyAuthContext, key: AuthorizedKey): string | null {
  const presence = blob && signature ? key.verify(blob, signature) : null;
  if (presence === null) return 'the signature is not of this key';
  if (!key.isToken) return null;
  if (key.options.touch && !presence.touched) return 'nobody touched the token';
  return key.options.verify && !presence.verified ? 'the token did not ask for its PIN' : null;
}
