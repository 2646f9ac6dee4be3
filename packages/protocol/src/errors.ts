/**
 * Every error that crosses a surface, by its code. `status` is the HTTP status that the code
 * maps to, `retryable` says whether the same request may succeed later.
 * `docs/reference/errors.md` is generated from this catalogue.
 */
export const ERROR_CODES = {
  invalid_json: { status: 400, retryable: false, meaning: 'The request is not a JSON object.' },
  unknown_tool: { status: 404, retryable: false, meaning: 'This MAD has no tool of that name.' },
  invalid_input: {
    status: 400,
    retryable: false,
    meaning: 'A field is missing, of the wrong type or out of its range; the message names it.',
  },
  unauthenticated: {
    status: 401,
    retryable: false,
    meaning: 'No bearer token was shown, or nobody is known by it.',
  },
  forbidden: {
    status: 403,
    retryable: false,
    meaning: 'The caller lacks the scope that the tool needs; the message names it.',
  },
  not_found: {
    status: 404,
    retryable: false,
    meaning: 'No such task or client, or it is not the caller’s.',
  },
  conflict: {
    status: 409,
    retryable: false,
    meaning: 'The request contradicts what is stored, as a cancel of a finished task does.',
  },
  payload_too_large: {
    status: 413,
    retryable: false,
    meaning: 'A message is larger than 256 KiB, or a frame than 1 MiB.',
  },
  queue_full: {
    status: 429,
    retryable: true,
    meaning: 'TASK_QUEUE_MAX tasks are waiting; the reply says after how long to retry.',
  },
  too_many_clients: {
    status: 429,
    retryable: true,
    meaning:
      'As many hold an open connection as are allowed (GRACE_MAX_CLIENTS clients that are pushed to, 32 consoles, or 8 searches of theirs); another can come when one leaves.',
  },
  bus_unavailable: {
    status: 503,
    retryable: true,
    meaning: 'The bus did not take the message within its time.',
  },
  unreachable: {
    status: 503,
    retryable: true,
    meaning: 'Nothing answers at the address of the MAD, or the connection to it broke.',
  },
  draining: { status: 503, retryable: true, meaning: 'This instance is stopping and takes no new work.' },
  provider_auth: {
    status: 502,
    retryable: false,
    meaning: 'The model provider refused the key (401 or 403).',
  },
  provider_rate_limited: {
    status: 502,
    retryable: true,
    meaning: 'The model provider limits the rate (429), and the retries are spent.',
  },
  provider_timeout: {
    status: 504,
    retryable: true,
    meaning: 'The model provider did not answer in time.',
  },
  provider_unavailable: {
    status: 502,
    retryable: true,
    meaning: 'The model provider cannot be reached or answers with a server error.',
  },
  provider_bad_response: {
    status: 502,
    retryable: true,
    meaning: 'The model provider answered with something that is not of its protocol, or broke off.',
  },
  provider_rejected: {
    status: 502,
    retryable: false,
    meaning:
      'The model provider refused the request (400, 404, 422), as for an unknown model, or is no model server.',
  },
  tool_rounds_exceeded: {
    status: 502,
    retryable: false,
    meaning: 'The model asked for more rounds of tool calls than are allowed.',
  },
  invalid_plan: {
    status: 502,
    retryable: true,
    meaning: 'The model’s plan was not valid after one repair.',
  },
  timeout: { status: 504, retryable: true, meaning: 'The answer did not come within the time asked for.' },
  attempts_exhausted: {
    status: 500,
    retryable: false,
    meaning: 'The task was interrupted by crashes as often as is allowed.',
  },
  database_locked: {
    status: 500,
    retryable: false,
    meaning: 'Another process has this database open.',
  },
  database_too_new: {
    status: 500,
    retryable: false,
    meaning: 'The database was written by a later version.',
  },
  database_corrupt: {
    status: 500,
    retryable: false,
    meaning: 'The database is damaged, or is no database of this program.',
  },
  database_unavailable: {
    status: 503,
    retryable: true,
    meaning: 'The database cannot be written: a full or read-only disk, or missing permissions.',
  },
  internal: { status: 500, retryable: false, meaning: 'A defect. The log has the trace.' },
} as const satisfies Record<string, { status: number; retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface MadErrorOptions {
  readonly cause?: unknown;
  /** When to try again, in milliseconds from now. */
  readonly retryAfterMs?: number;
}

/** An error whose message may be shown to the caller as it is. Anything else becomes `internal`. */
export class MadError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: MadErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MadError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** HTTP status of the code. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

/** What a caller reads when a tool says no, on every surface. */
export interface ErrorReply {
  readonly status: 'error';
  readonly message: string;
  readonly code: ErrorCode;
  readonly retry_after_ms?: number;
}

/** The reply for any thrown value. Only a {@link MadError} shows its own words. */
export function toErrorReply(error: unknown): ErrorReply {
  if (!(error instanceof MadError)) {
    return { status: 'error', message: 'An internal error occurred.', code: 'internal' };
  }
  return {
    status: 'error',
    message: error.message,
    code: error.code,
    ...(error.retryAfterMs === undefined ? {} : { retry_after_ms: error.retryAfterMs }),
  };
}

/** Whether a word from outside is one of our codes. */
export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);

/** The reply itself, or the error that it carries. Words without a known code are `internal`. */
export function throwErrorReply<Reply extends Readonly<Record<string, unknown>>>(reply: Reply): Reply {
  if (reply.status !== 'error') return reply;
  const { code, message, retry_after_ms: retryAfterMs } = reply;
  throw new MadError(
    isErrorCode(code) ? code : 'internal',
    typeof message === 'string' ? message : 'The tool said no, without words.',
    typeof retryAfterMs === 'number' ? { retryAfterMs } : {},
  );
}
