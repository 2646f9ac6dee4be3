import {
  type Clock,
  type Logger,
  MadError,
  type Plan,
  type Planner,
  PlanSchema,
  systemClock,
  throwErrorReply,
} from '@mad-group/protocol';
import { inSpan, SpanKind, type SpanSpec, toolSpan } from '@mad-group/protocol/tracing';
import type { Lifecycle } from '../mad-types.ts';
import { connectTools, type ToolReply } from './tool-client.ts';

export interface PlannerClientOptions {
  /** `ws://…` of Sequential Thinking. */
  readonly url: string;
  /** Bearer token; null where none is asked for. */
  readonly token: string | null;
  /** Longest wait for a plan, the connection included, in milliseconds. */
  readonly timeoutMs: number;
  readonly log: Logger;
  /** Calls back at each change of `connected`. */
  readonly onStatus?: (connected: boolean) => void;
  readonly clock?: Clock;
  /** Wait before a new try, in milliseconds; it doubles up to the longest. Default 250 and 10,000. */
  readonly backoff?: { readonly minMs: number; readonly maxMs: number };
  /** How often the connection is tested, in milliseconds. Default 10,000. */
  readonly pingIntervalMs?: number;
}

export interface PlannerClient extends Planner, Lifecycle {
  /**
   * Begins to connect and goes on trying until `stop`. Resolves with the outcome of the first try,
   * good or bad, after 500 ms at most: what starts beside its planner does not call itself degraded.
   */
  start(): Promise<void>;
  /** Whether Sequential Thinking can be reached, as the connection that is kept open tells. */
  connected(): boolean;
}

const TOOL = 'perform_sequential_thinking';
/** While it is away, it is said at most so often, in milliseconds. */
const AWAY_REPEAT_MS = 30_000;
/** `start` waits so long for the outcome of the first try, in milliseconds. */
const FIRST_TRY_MS = 500;
/** A connection that held so long, in milliseconds, makes the next wait short again. */
const STEADY_MS = 10_000;

/**
 * A client of Sequential Thinking. One connection is kept open to know whether it is there. Each
 * plan has a connection of its own: replies are ordered per connection, so that plans on one would
 * wait for one another; closing it tells the server that nobody waits any more; and a server that
 * hangs up after one reply, as the first implementation did, is as good as any.
 */
export function createPlannerClient(options: PlannerClientOptions): PlannerClient {
  const { url, token, timeoutMs, log } = options;
  const clock = options.clock ?? systemClock;
  const backoff = options.backoff ?? { minMs: 250, maxMs: 10_000 };
  let connected = false;
  let running: { stop: AbortController; done: Promise<void> } | null = null;

  const setConnected = (value: boolean): void => {
    if (value === connected) return;
    connected = value;
    options.onStatus?.(value);
  };

  /** Holds one connection until it breaks. Returns how long it held, in milliseconds. */
  const hold = async (
    signal: AbortSignal,
    onHeld: () => void,
  ): Promise<{ heldMs: number; reason: MadError }> => {
    const client = await connectTools(url, {
      token,
      log,
      signal,
      pingIntervalMs: options.pingIntervalMs ?? 10_000,
    });
    const since = clock.now();
    const { promise, resolve } = Promise.withResolvers<MadError>();
    client.onClose(resolve);
    const onAbort = (): void => void client.close();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    setConnected(true);
    log.info({ url }, 'Successfully connected to Sequential Thinking MCP server');
    onHeld();
    const reason = await promise;
    signal.removeEventListener('abort', onAbort);
    setConnected(false);
    return { heldMs: clock.now() - since, reason };
  };

  const monitor = async (signal: AbortSignal, onTried: () => void): Promise<void> => {
    let waitMs = backoff.minMs;
    let toldAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      let reason: unknown;
      try {
        const ended = await hold(signal, onTried);
        reason = ended.reason;
        if (ended.heldMs >= STEADY_MS) waitMs = backoff.minMs;
      } catch (error) {
        reason = error;
        onTried();
      }
      if (signal.aborted) return;
      if (clock.now() - toldAt >= AWAY_REPEAT_MS) {
        toldAt = clock.now();
        const words = reason instanceof Error ? reason.message : String(reason);
        log.warn(
          { url, reason: words },
          'Sequential Thinking cannot be reached; plans are left out until it can',
        );
      }
      // Half of it by chance, so that a group does not come back in one rush.
      await pause(waitMs * (0.5 + Math.random() / 2), signal);
      waitMs = Math.min(waitMs * 2, backoff.maxMs);
    }
  };

  return {
    connected: () => connected,

    async start() {
      if (running) return;
      const stop = new AbortController();
      const tried = Promise.withResolvers<void>();
      running = { stop, done: monitor(stop.signal, tried.resolve) };
      const timer = setTimeout(tried.resolve, FIRST_TRY_MS);
      await tried.promise;
      clearTimeout(timer);
    },

    async stop() {
      const current = running;
      running = null;
      current?.stop.abort();
      await current?.done;
    },

    async plan(prompt, { correlationId, signal }) {
      const deadline = new AbortController();
      const timer = setTimeout(() => {
        const words = `Sequential Thinking did not answer within ${timeoutMs / 1000} s.`;
        deadline.abort(new MadError('timeout', words));
      }, timeoutMs);
      const either = AbortSignal.any([signal, deadline.signal]);
      try {
        return await inSpan(callSpan(url), async () => {
          const client = await connectTools(url, { token, log, signal: either });
          try {
            const input = { prompt, correlation_id: correlationId };
            return readPlan(await client.call(TOOL, input, { signal: either }));
          } finally {
            void client.close();
          }
        });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** The call as its caller sees it, the connection included. */
function callSpan(url: string): SpanSpec {
  const { name, kind, attributes } = toolSpan(TOOL, SpanKind.CLIENT);
  const { hostname, port, protocol } = new URL(url);
  const server = {
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'wss:' ? 443 : 80),
  };
  return { name, kind, attributes: { ...attributes, ...server, 'network.protocol.name': 'websocket' } };
}

function readPlan(reply: ToolReply): Plan {
  const parsed = PlanSchema.safeParse(throwErrorReply(reply).result);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const words = `Sequential Thinking answered with a plan that is not valid: ${issue?.path.join('.')} ${issue?.message}.`;
  throw new MadError('invalid_plan', words, { cause: parsed.error });
}

/** Ends early, without an error, when the signal aborts. */
function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const timer = setTimeout(end, durationMs);
  signal.addEventListener('abort', end, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  });
}
