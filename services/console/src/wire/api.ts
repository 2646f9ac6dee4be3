import type { ConsoleFrame, ConsoleSession, Envelope } from '@mad-group/protocol';
import { readLines } from './lines.ts';

/** What Rogers refused, or that it could not be asked. Its message is for the reader as it is. */
export class ApiError extends Error {
  /** One of the group's codes, or `unreachable`. */
  readonly code: string;
  /** When to try again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What the page asks of Rogers. Everything throws {@link ApiError}. */
export interface Api {
  session(): Promise<ConsoleSession>;
  /** Calls a tool of a MAD as the one who is logged in. */
  call<Reply>(mad: string, tool: string, input: object, signal?: AbortSignal): Promise<Reply>;
  message(position: string): Promise<Envelope>;
  /** Frames as they come, until the server ends or the signal aborts. */
  frames(path: string, signal: AbortSignal): AsyncGenerator<ConsoleFrame[]>;
}

/** @param token asked at each request; null where nobody is logged in */
export function createApi(token: () => string | null): Api {
  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const shown = token();
    const headers = new Headers(init.headers);
    if (shown !== null) headers.set('authorization', `Bearer ${shown}`);
    let response: Response;
    try {
      // Relative to the page: it may stand below any path.
      response = await fetch(`api/${path}`, { ...init, headers, credentials: 'omit', cache: 'no-store' });
    } catch {
      init.signal?.throwIfAborted();
      // The browser's own words ("Failed to fetch") tell no more.
      throw new ApiError('unreachable', 'Rogers cannot be reached.');
    }
    if (response.ok) return response;
    throw await refusal(response);
  }

  return {
    session: async () => (await ask('session')).json(),
    async call(mad, tool, input, signal) {
      const response = await ask('call', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ mad, tool_name: tool, tool_input: input }),
        ...(signal ? { signal } : {}),
      });
      return response.json();
    },
    message: async (position) => (await ask(`message?position=${encodeURIComponent(position)}`)).json(),
    async *frames(path, signal) {
      const { body } = await ask(path, { signal });
      if (body === null) throw new ApiError('unreachable', 'Rogers sent an empty answer.');
      for await (const frames of readLines<ConsoleFrame>(body)) {
        yield frames;
        const last = frames.at(-1);
        if (last?.type === 'error') throw new ApiError(last.code, last.message);
      }
    },
  };
}

async function refusal(response: Response): Promise<ApiError> {
  const words = `Rogers answered with HTTP ${response.status}.`;
  try {
    const { code, message, retry_after_ms: retryAfterMs } = await response.json();
    return new ApiError(String(code ?? 'unreachable'), String(message ?? words), retryAfterMs);
  } catch {
    // A proxy's own page, as while Rogers starts.
    return new ApiError('unreachable', words);
  }
}
