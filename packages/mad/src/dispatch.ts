import { randomUUID } from 'node:crypto';
import {
  type Caller,
  type ClientConnection,
  type ErrorReply,
  hasScope,
  type Logger,
  MadError,
  parseToolInput,
  type Scope,
  type ToolContext,
  type ToolDefinition,
  toErrorReply,
} from '@mad-group/protocol';
import type { TraceHeaders } from '@mad-group/protocol/tracing';
import { bindLog } from './bind-log.ts';
import { isDeeperThan } from './json-depth.ts';
import { linkSignal } from './linked-signal.ts';
import type { MadMetrics } from './metrics.ts';

type Surface = 'websocket' | 'mcp' | 'bus' | 'ssh' | 'pages';

/** A tool call as a surface hands it on: who asks is known, nothing else is checked. */
export interface ToolCall {
  readonly surface: Surface;
  readonly caller: Caller;
  readonly toolName: unknown;
  readonly toolInput: unknown;
  /** The call ends when one of them aborts: its caller went away, or the MAD stops. */
  readonly signals: readonly AbortSignal[];
  /** For the call where its input names none. */
  readonly correlationId?: string | undefined;
  readonly connection?: ClientConnection | undefined;
  readonly progress?: ((text: string) => void) | undefined;
  /** The trace that its caller has sent. The running one goes on where absent. */
  readonly trace?: TraceHeaders | undefined;
}

export type ToolOutcome =
  | { readonly ok: true; readonly reply: Record<string, unknown>; readonly correlationId: string }
  | { readonly ok: false; readonly reply: ErrorReply; readonly correlationId: string };

export interface Dispatcher {
  /** Takes a call from any surface to its outcome; never throws. */
  call(call: ToolCall): Promise<ToolOutcome>;
  /**
   * Runs what is read beside tools, as resources are, in the context that a tool would get.
   *
   * @throws MadError `forbidden` where the caller lacks the scope; what `run` throws
   */
  read<Result>(
    scope: Scope,
    what: string,
    call: Pick<ToolCall, 'caller' | 'signals' | 'trace'>,
    run: (context: ToolContext) => Result | Promise<Result>,
  ): Promise<Result>;
  /** Logs what was thrown and is no answer for a caller. */
  reportDefect(error: unknown, facts: object): void;
}

export interface DispatcherOptions {
  readonly madId: string;
  readonly tools: readonly ToolDefinition[];
  readonly log: Logger;
  readonly metrics: MadMetrics;
}

/** The one path that a tool call takes, whichever surface it came in by. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { madId, metrics, log } = options;
  const tools = new Map(options.tools.map((tool) => [tool.name, tool]));

  async function call(request: ToolCall): Promise<ToolOutcome> {
    const startedMs = performance.now();
    let correlationId = request.correlationId ?? randomUUID();
    let tool: ToolDefinition | undefined;
    let outcome: ToolOutcome;
    let callLog = bindLog(log, { correlation_id: correlationId });
    const link = linkSignal(request.signals);
    try {
      correlationId = correlationIdOf(request.toolInput) ?? correlationId;
      callLog = bindLog(log, { correlation_id: correlationId });
      tool = findTool(tools, request.toolName);
      checkScope(request.caller, tool.scope, `'${tool.name}'`);
      if (isDeeperThan(request.toolInput, MAX_INPUT_DEPTH)) {
        throw new MadError('invalid_input', `'tool_input' is nested deeper than ${MAX_INPUT_DEPTH} levels.`);
      }
      const input = parseToolInput(tool, request.toolInput);
      for (const signal of request.signals) signal.throwIfAborted();
      const reply = await tool.handle(input, {
        caller: request.caller,
        correlationId,
        log: callLog,
        get signal() {
          return link.signal;
        },
        progress: request.progress,
        connection: request.connection,
      });
      outcome = { ok: true, reply, correlationId };
    } catch (error) {
      const reply = toErrorReply(error);
      if (reply.code === 'internal' && !isAbort(error, link.signal)) {
        callLog.error({ err: error, tool: tool?.name }, 'Tool call failed');
      }
      outcome = { ok: false, reply, correlationId };
    } finally {
      link.unlink();
    }
    // A name that nobody declared must not make a series of its own.
    const label = tool?.name ?? 'unknown';
    const durationMs = performance.now() - startedMs;
    const code = outcome.ok ? 'ok' : outcome.reply.code;
    metrics.count('mad_tool_calls_total', {
      mad: madId,
      tool: label,
      surface: request.surface,
      outcome: code,
    });
    metrics.observe('mad_tool_call_duration_seconds', { mad: madId, tool: label }, durationMs / 1000);
    callLog.debug(
      {
        tool: label,
        surface: request.surface,
        caller: request.caller.name,
        outcome: code,
        duration_ms: durationMs,
      },
      'Tool call',
    );
    return outcome;
  }

  return {
    call,
    reportDefect: (error, facts) => log.error({ err: error, ...facts }, 'Request failed'),
    async read(scope, what, request, run) {
      checkScope(request.caller, scope, what);
      const correlationId = randomUUID();
      const { signal, unlink } = linkSignal(request.signals);
      try {
        const contextLog = bindLog(log, { correlation_id: correlationId });
        return await run({ caller: request.caller, correlationId, log: contextLog, signal });
      } finally {
        unlink();
      }
    },
  };
}

function findTool(tools: ReadonlyMap<string, ToolDefinition>, name: unknown): ToolDefinition {
  if (typeof name !== 'string' || name === '') {
    throw new MadError('invalid_input', "'tool_name' (string) is required.");
  }
  const tool = tools.get(name);
  if (!tool) throw new MadError('unknown_tool', `Unknown tool: ${name.slice(0, 200)}`);
  return tool;
}

/** The words of a missing scope, shared by every surface. */
export function missingScope(caller: Caller, scope: Scope, what: string): string | null {
  if (hasScope(caller, scope)) return null;
  const has = caller.scopes.size === 0 ? 'none' : [...caller.scopes].join(', ');
  return `${what} needs the scope '${scope}'; '${caller.name}' has: ${has}.`;
}

function checkScope(caller: Caller, scope: Scope, what: string): void {
  const problem = missingScope(caller, scope, what);
  if (problem !== null) throw new MadError('forbidden', problem);
}

/** Deepest nesting of an input. Real messages stay far below; JSON's writers recurse, and break far above. */
const MAX_INPUT_DEPTH = 128;
/** Longest correlation id, in characters. */
const MAX_CORRELATION_ID = 128;

/** @throws MadError `invalid_input` where it is there and is no string of 1 to 128 characters. */
function correlationIdOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const value = (input as Record<string, unknown>).correlation_id;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || value.length > MAX_CORRELATION_ID) {
    throw new MadError(
      'invalid_input',
      `'correlation_id' must be a string of 1 to ${MAX_CORRELATION_ID} characters.`,
    );
  }
  return value;
}

/** Whether the error only says that the caller went away, which is nobody's defect. */
const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted && (error === signal.reason || (error as Error | null)?.name === 'AbortError');
