import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '@mad-group/protocol';
import type { ToolCall, ToolOutcome } from '../dispatch.ts';

/** Plain HTTP beside a MAD's tools: a page, and the data that it asks for. */
export interface Pages {
  /** `/console`: this path and all below it. */
  readonly path: string;
  /** Serves a request whose `Host` and `Origin` were looked at, and nothing else yet. */
  handle(request: IncomingMessage, response: ServerResponse, context: PageContext): void;
}

/** What a request for a page finds of its MAD. */
export interface PageContext {
  /**
   * Who asks. Asked again where a response lasts: a token may have been taken away.
   *
   * @throws MadError `unauthenticated`
   */
  authenticate(): Caller;
  /** Calls a tool of this MAD, as any surface does; never throws. */
  call(call: Omit<ToolCall, 'surface' | 'trace'>): Promise<ToolOutcome>;
  /** Has another MAD's tool called, in a span of the trace that the request came with. */
  callElsewhere<T>(toolName: string, caller: Caller, call: () => Promise<T>): Promise<T>;
  /** Aborts when the MAD stops. */
  readonly signal: AbortSignal;
}

/** Whether `path` is `base` or below it. */
export const isBelow = (base: string, path: string): boolean => path === base || path.startsWith(`${base}/`);
