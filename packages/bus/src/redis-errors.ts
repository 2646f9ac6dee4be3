import { MadError } from '@mad-group/protocol';

/** How long a caller is asked to wait before it tries again, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

const PASSWORD_ERROR = /WRONGPASS|NOAUTH|invalid password|AUTH <password>/i;

/** What ioredis says each time that it has asked all Sentinels in vain. */
const SENTINEL_ERROR = /^All sentinels are unreachable.*?(?: Last error: (.*))?$/;

export const isSentinelError = (error: Error): boolean => SENTINEL_ERROR.test(error.message);

export const isPasswordError = (error: unknown): boolean =>
  error instanceof Error && PASSWORD_ERROR.test(error.message);

/** Redis has answered, and the answer is no. Anything else is a lost connection. */
export const isReply = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError';

/** A connection's error in a few words, for people. */
export function describeRedisError(error: unknown): string {
  if (error === undefined) return 'not connected';
  const sentinel = error instanceof Error && SENTINEL_ERROR.exec(error.message);
  if (sentinel) return describeSentinelError(sentinel[1]);
  if (isPasswordError(error)) return 'it refuses the password, set REDIS_PASSWORD';
  if (!(error instanceof Error)) return String(error);
  if (error.message.startsWith('Socket timeout')) return 'it does not answer';
  // A host with several addresses fails with all of their errors in one, which has no words itself.
  if (error instanceof AggregateError) return describeRedisError(error.errors[0]);
  return error.message.replace(/^connect /, '') || error.name;
}

/** Why a connection to one failed, ioredis keeps to itself. */
function describeSentinelError(lastError = ''): string {
  if (lastError === '' || lastError.includes('No such master'))
    return 'no Sentinel knows a primary of that name';
  if (PASSWORD_ERROR.test(lastError)) return 'Sentinel wants a password, and is asked without one';
  return 'no Sentinel answers';
}

/** @param timeoutMs how long was waited */
export function busUnavailable(reason: string, timeoutMs: number): MadError {
  const seconds = (timeoutMs / 1_000).toLocaleString('en', { maximumFractionDigits: 1 });
  return new MadError(
    'bus_unavailable',
    `The bus did not answer within ${seconds} s: Redis is away (${reason}). Try again later.`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}
