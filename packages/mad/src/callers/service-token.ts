import { createHmac } from 'node:crypto';
import { type Caller, SCOPES } from '@mad-group/protocol';

/** A member of the group, known by the service token. */
export const GROUP_CALLER: Caller = { name: 'mad-group', scopes: new Set(SCOPES) };

/**
 * The token by which members of a group know each other: HMAC-SHA-256 keyed with the group's
 * secret over a fixed text, so that the secret itself, the password of Redis, is never sent.
 */
export const serviceTokenFor = (groupSecret: string): string =>
  createHmac('sha256', groupSecret).update('mad-group service token v1').digest('base64url');
