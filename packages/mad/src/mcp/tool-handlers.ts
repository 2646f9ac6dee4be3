import type { Caller, ToolDefinition } from '@mad-group/protocol';
import { nearestTrace, type TraceHeaders, traceHeadersOf } from '@mad-group/protocol/tracing';
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type Tool,
} from '@modelcontextprotocol/server';
import type { Dispatcher, ToolOutcome } from '../dispatch.ts';
import { inputJsonSchema, outputJsonSchema } from '../tools/json-schema.ts';

export interface ToolHandlerOptions {
  readonly tools: readonly ToolDefinition[];
  readonly dispatcher: Dispatcher;
  readonly caller: Caller;
  readonly trace: TraceHeaders;
  /** Aborts when the MAD stops. */
  readonly signal: AbortSignal;
}

/** A tool as MCP lists it. */
const describeTool = (tool: ToolDefinition): Tool => ({
  name: tool.name,
  title: tool.title,
  description: tool.description,
  inputSchema: inputJsonSchema(tool) as Tool['inputSchema'],
  outputSchema: outputJsonSchema(tool) as NonNullable<Tool['outputSchema']>,
  annotations: {
    title: tool.title,
    readOnlyHint: tool.readOnly,
    idempotentHint: tool.idempotent ?? tool.readOnly,
    destructiveHint: tool.destructive ?? false,
    // What converses reaches a model provider; the rest stays in the group.
    openWorldHint: tool.scope === 'converse',
  },
});

/**
 * Serves `tools/list` and `tools/call`. The input is not checked against the published schema here
 * but in the dispatcher, as on every surface, so that the words of a refusal are the same.
 */
export function handleTools(server: Server, options: ToolHandlerOptions): void {
  server.setRequestHandler('tools/list', () => ({ tools: options.tools.map(describeTool) }));
  server.setRequestHandler('tools/call', async (request, context) => {
    const meta = context.mcpReq._meta;
    const progressToken = meta?.progressToken;
    let progress = 0;
    const outcome = await options.dispatcher.call({
      surface: 'mcp',
      caller: options.caller,
      trace: nearestTrace(traceHeadersOf(meta), options.trace),
      toolName: request.params.name,
      toolInput: request.params.arguments,
      signals: [context.mcpReq.signal, options.signal],
      progress:
        progressToken === undefined
          ? undefined
          : (message) => {
              progress += 1;
              const params = { progressToken, progress, message };
              // A caller that went away hears no more; its signal ends the call.
              context.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
            },
    });
    const { ok, reply, correlationId } = outcome;
    // For clients that ask for logs: the id by which this call is found in the MAD's own.
    const facts = {
      tool: request.params.name,
      correlation_id: correlationId,
      outcome: ok ? 'ok' : reply.code,
    };
    await context.mcpReq.log(ok ? 'debug' : 'warning', facts);
    return toResult(outcome);
  });
}

/** @throws ProtocolError for an unknown tool, as MCP's specification of tools asks for. */
function toResult(outcome: ToolOutcome): CallToolResult {
  if (outcome.ok) {
    return {
      content: [{ type: 'text', text: JSON.stringify(outcome.reply) }],
      structuredContent: outcome.reply,
    };
  }
  if (outcome.reply.code === 'unknown_tool') {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, outcome.reply.message);
  }
  return {
    content: [{ type: 'text', text: outcome.reply.message }],
    structuredContent: { ...outcome.reply },
    isError: true,
  };
}
