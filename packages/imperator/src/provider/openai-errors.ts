import { MadError } from '@mad-group/protocol';
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';

/** Longest piece of a provider's own words that goes into a message, in characters. */
const MAX_WORDS = 600;

/**
 * A provider's failure in our words. The provider's own message stays in it; the key, which some
 * gateways repeat, does not.
 */
export function toProviderError(error: unknown, key: string | undefined): MadError {
  if (error instanceof MadError) return error;
  const words = redact(wordsOf(error), key);
  const fail = (code: MadError['code'], message: string, retryAfterMs?: number) =>
    new MadError(code, message, { cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });

  if (error instanceof APIConnectionTimeoutError) {
    return fail('provider_timeout', 'The model provider did not answer in time.');
  }
  if (error instanceof APIConnectionError) {
    return fail(
      'provider_unavailable',
      `The model provider cannot be reached: ${redact(causeOf(error), key)}. Check OPENAI_BASE_URL and the network.`,
    );
  }
  if (error instanceof APIError) {
    const status = error.status as number | undefined;
    if (status === undefined) return fromStream(error, words, fail);
    if (status === 401 || status === 403) {
      return fail('provider_auth', `The model provider refused the key: ${words}. Set OPENAI_API_KEY.`);
    }
    // Money does not come back within a backoff: a spent quota is not tried again.
    if (status === 429 && error.code !== 'insufficient_quota') {
      return fail(
        'provider_rate_limited',
        `The model provider limits the rate: ${words}.`,
        retryAfterMs(error.headers),
      );
    }
    if (status === 408 || status === 409 || status >= 500) {
      return fail(
        'provider_unavailable',
        `The model provider answered with an error: ${words}.`,
        retryAfterMs(error.headers),
      );
    }
    return fail('provider_rejected', `The model provider refused the request: ${words}.`);
  }
  // What is left comes from reading the body: bytes that are no SSE or JSON, a reset connection.
  return fail(
    'provider_bad_response',
    `The model provider's answer broke off or is not of its protocol: ${words}.`,
  );
}

/** An error that came as an event within a stream that had begun with status 200. */
function fromStream(
  error: APIError,
  words: string,
  fail: (code: MadError['code'], message: string) => MadError,
): MadError {
  const kind = `${error.code ?? ''} ${error.type ?? ''}`;
  if (/rate_limit/.test(kind)) {
    return fail('provider_rate_limited', `The model provider limits the rate: ${words}.`);
  }
  if (/invalid_request/.test(kind)) {
    return fail('provider_rejected', `The model provider refused the request: ${words}.`);
  }
  return fail('provider_unavailable', `The model provider answered with an error: ${words}.`);
}

/**
 * The wait that `Retry-After` asks for, in milliseconds: seconds or a date (RFC 9110, section
 * 10.2.3), or OpenAI's finer `retry-after-ms`.
 */
export function retryAfterMs(headers: Headers | undefined, nowMs = Date.now()): number | undefined {
  const milliseconds = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const value = headers?.get('retry-after');
  if (value === null || value === undefined) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().replace(/\.+$/, '').slice(0, MAX_WORDS);

/** The innermost reason: `fetch failed` says nothing, `connect ECONNREFUSED 127.0.0.1:1` does. */
function causeOf(error: Error): string {
  let inner: unknown = error;
  let words = wordsOf(error);
  while (inner instanceof Error && inner.cause instanceof Error) {
    inner = inner.cause;
    words = wordsOf(inner) || ((inner as NodeJS.ErrnoException).code ?? words);
  }
  return words;
}

const redact = (words: string, key: string | undefined): string =>
  key && key.length >= 8 ? words.replaceAll(key, '[key]') : words;
