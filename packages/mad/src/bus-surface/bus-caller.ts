import { type Caller, type Envelope, isScope, type Scope } from '@mad-group/protocol';

/** What a member of the bus may do where no gateway said on whose behalf it asks. */
const MEMBER_SCOPES: readonly Scope[] = ['read', 'converse', 'publish'];

/**
 * On whose behalf a message asks. A gateway stamps `caller` and `scopes`, in place of what its
 * client wrote there; whoever else can publish holds the bus's password and is a member.
 */
export function callerOf(envelope: Envelope): Caller {
  const { caller, scopes } = envelope.headers ?? {};
  if (caller === undefined) return { name: envelope.sender_id, scopes: new Set(MEMBER_SCOPES) };
  return { name: caller, scopes: new Set((scopes ?? '').split(' ').filter(isScope)) };
}
