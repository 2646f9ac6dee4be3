import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { type Caller, type ErrorReply, type Logger, MadError, toErrorReply } from '@mad-group/protocol';
import {
  localhostAllowedHostnames,
  validateHostHeader,
  validateOriginHeader,
} from '@modelcontextprotocol/server';
import type { Callers } from '../callers/callers.ts';
import type { MadMetrics } from '../metrics.ts';

type Admission =
  | { readonly ok: true; readonly caller: Caller }
  | {
      readonly ok: false;
      readonly status: 401 | 403;
      readonly body: ErrorReply;
      readonly headers: Record<string, string>;
    };

type Refusal = Extract<Admission, { ok: false }>;

/** Lets a request in, for MCP, pages and the upgrade to WebSocket alike. */
export interface Gate {
  /** Where it may come from, and who asks. */
  admit(request: IncomingMessage): Admission;
  /** Where it may come from alone, for what anyone may read: null, or why not. */
  screen(request: IncomingMessage): Refusal | null;
}

export interface GateOptions {
  readonly madId: string;
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly callers: Callers;
  readonly metrics: MadMetrics;
  readonly log: Logger;
}

/** Why requests are refused. */
const REASONS = ['unauthenticated', 'host', 'origin'] as const;
/** The same reason is logged at most so often, in milliseconds. */
const REFUSAL_LOG_INTERVAL_MS = 60_000;

/**
 * Checks `Host` and `Origin` before anything else: a page of a browser may not talk to a MAD on its
 * user's machine, not even by a name that was made to point there (DNS rebinding; MCP's transport
 * specification asks for both).
 */
export function createGate(options: GateOptions): Gate {
  const { callers, metrics, madId, log } = options;
  const hosts = [
    ...localhostAllowedHostnames(),
    ...loopbackOf(options.host),
    options.madId,
    ...options.allowedHosts.map((host) => host.toLowerCase()),
  ];
  const origins = options.allowedOrigins.map((origin) => origin.toLowerCase());

  const saidAtMs = new Map<string, number>();
  // There before the first: what begins with 1 has no increase.
  for (const reason of REASONS) metrics.count('mad_refused_requests_total', { mad: madId, reason }, 0);

  const refuse = (
    request: IncomingMessage,
    status: 401 | 403,
    reason: (typeof REASONS)[number],
    error: MadError,
  ): Refusal => {
    metrics.count('mad_refused_requests_total', { mad: madId, reason });
    // Once a minute for each reason: an operator finds it, and a flood of requests does not fill the log.
    const nowMs = Date.now();
    if (nowMs - (saidAtMs.get(reason) ?? 0) >= REFUSAL_LOG_INTERVAL_MS) {
      saidAtMs.set(reason, nowMs);
      log.warn({ reason, status, peer: request.socket.remoteAddress }, `Request refused: ${error.message}`);
    }
    return {
      ok: false,
      status,
      body: toErrorReply(error),
      headers: status === 401 ? { 'www-authenticate': 'Bearer realm="mad-group"' } : {},
    };
  };

  const screen = (request: IncomingMessage): Refusal | null => {
    const host = validateHostHeader(request.headers.host, hosts);
    if (!host.ok) {
      const words = `The Host '${request.headers.host ?? ''}' is not one of this MAD's. Add it to ALLOWED_HOSTS.`;
      return refuse(request, 403, 'host', new MadError('forbidden', words));
    }
    if (!isOwnOrigin(request) && !validateOriginHeader(request.headers.origin, origins).ok) {
      const words = `Pages of the Origin '${request.headers.origin}' may not connect. Add its host name to ALLOWED_ORIGINS.`;
      return refuse(request, 403, 'origin', new MadError('forbidden', words));
    }
    return null;
  };

  return {
    screen,
    admit(request) {
      const refusal = screen(request);
      if (refusal !== null) return refusal;
      try {
        return { ok: true, caller: callers.authenticate(request.headers.authorization) };
      } catch (error) {
        if (!(error instanceof MadError)) throw error;
        return refuse(request, 401, 'unauthenticated', error);
      }
    },
  };
}

/**
 * Whether the `Origin` is the very address that was asked for: a page of the MAD's own, or a tool that
 * sends the header out of habit. With either scheme, since TLS may end at a proxy before the MAD. The
 * `Host` was checked before.
 */
const isOwnOrigin = ({ headers }: IncomingMessage): boolean =>
  headers.origin !== undefined &&
  headers.origin.toLowerCase().replace(/^https?:\/\//, '') === headers.host?.toLowerCase();

/** A bound address of its own, as 127.0.0.5 or 10.0.0.7, is a name of the MAD too. */
function loopbackOf(host: string): string[] {
  if (host === '0.0.0.0' || host === '::') return [];
  return [isIP(host) === 6 ? `[${host}]` : host.toLowerCase()];
}
