import type { RecordedTaskView } from '@mad-group/protocol';

/** How the model's part in a round ended, as its client saw it. */
export type RoundEnd =
  | { readonly kind: 'complete' }
  /** It never did: the task was cancelled or ran out of time meanwhile. */
  | { readonly kind: 'open' }
  /** Nothing more came, not even a sign of life. */
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly message: string;
      readonly code: string | null;
    }
  /** An error within the stream. */
  | { readonly kind: 'error'; readonly message: string; readonly type: string }
  /** The stream ended before the answer did; `reset`: its connection broke. */
  | { readonly kind: 'cut' | 'reset' }
  | { readonly kind: 'filtered' }
  /** Something else than a stream came. */
  | { readonly kind: 'page'; readonly contentType: string };

/** Words of a failure, with the status of HTTP before them where there was one. */
const REFUSED = [
  {
    words: /^The model provider refused the key: (.*)\. Set OPENAI_API_KEY\.$/s,
    type: 'invalid_request_error',
  },
  { words: /^The model provider refused the request: (.*)\.$/s, type: 'invalid_request_error' },
  { words: /^The model provider limits the rate: (.*)\.$/s, type: 'rate_limit_error' },
  { words: /^The model provider answered with an error: (.*)\.$/s, type: 'server_error' },
] as const;
/** Stands before the words of a failure of which the client had had enough. */
const AWAY = /^The model provider has been away for \d+ s\. /;

/** How a task's last round ended, by the task's end. */
export function endOfTask({ status, error_details: error }: RecordedTaskView): RoundEnd {
  if (status === 'COMPLETED') return { kind: 'complete' };
  return status === 'FAILED' && error ? endOfFailure(error) : { kind: 'open' };
}

/**
 * What a model server does so that its client fails with these words again; the reverse of
 * `toProviderError` and of the words of a stream. What no server can do comes as a refusal that
 * repeats the words.
 */
export function endOfFailure({ code, message }: { code: string; message: string }): RoundEnd {
  const words = message.replace(AWAY, '');
  for (const { words: pattern, type } of REFUSED) {
    const reason = pattern.exec(words)?.[1];
    if (reason !== undefined) return refusal(reason, type, code);
  }
  const contentType = /^The model provider answered (\S+), not an event stream/.exec(words)?.[1];
  if (contentType) return { kind: 'page', contentType };
  if (code === 'timeout') return { kind: 'open' };
  if (code === 'provider_timeout') return { kind: 'silent' };
  if (/content filter stopped the answer/.test(words)) return { kind: 'filtered' };
  if (code === 'provider_bad_response') {
    if (/ended before it was complete/.test(words)) return { kind: 'cut' };
    // Two ways to say nothing; the client finds out by itself.
    return /empty answer/.test(words) ? { kind: 'complete' } : { kind: 'reset' };
  }
  return {
    kind: 'refused',
    status: 400,
    message: `the recorded task failed with ${code}: ${words}`,
    code: null,
  };
}

function refusal(reason: string, type: string, code: string): RoundEnd {
  const [, status, message = ''] = /^([45]\d\d) (.*)$/s.exec(reason) ?? [];
  if (status === undefined) return { kind: 'error', message: reason, type };
  // The only refusal for the rate that a client takes for final.
  const isQuota = status === '429' && code === 'provider_rejected';
  return { kind: 'refused', status: Number(status), message, code: isQuota ? 'insufficient_quota' : null };
}
