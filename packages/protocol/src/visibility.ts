import { type Caller, owns } from './caller.ts';
import type { Envelope } from './envelope.ts';

/** Whether this caller may read a message: what belongs to one caller is that one's, and `admin`'s. */
export function mayRead(caller: Caller, { headers }: Pick<Envelope, 'headers'>): boolean {
  const owner = headers?.owner;
  return owner === undefined || owns(caller, owner);
}

/**
 * What a client sees of a message: everything but `caller` and `scopes`, which say on whose behalf
 * a tool is called and are no business of those who listen.
 */
export function withoutInternalHeaders<T extends Envelope>(envelope: T): T {
  const { headers } = envelope;
  if (headers?.caller === undefined && headers?.scopes === undefined) return envelope;
  const { caller: _caller, scopes: _scopes, ...visible } = headers;
  const { headers: _headers, ...rest } = envelope;
  return (Object.keys(visible).length === 0 ? rest : { ...rest, headers: visible }) as T;
}
