import {
  failSpan,
  inSpan,
  SpanKind,
  type SpanSpec,
  type Tracing,
  toolContent,
  toolSpan,
  withTracing,
} from '@mad-group/protocol/tracing';
import type { Dispatcher, ToolCall } from '../dispatch.ts';

/** How each surface is told of in a span. */
const SURFACES = {
  websocket: { kind: SpanKind.SERVER, attributes: { 'network.protocol.name': 'websocket' } },
  mcp: {
    kind: SpanKind.SERVER,
    attributes: { 'mcp.method.name': 'tools/call', 'network.protocol.name': 'http' },
  },
  ssh: { kind: SpanKind.SERVER, attributes: { 'network.protocol.name': 'ssh' } },
  pages: { kind: SpanKind.SERVER, attributes: { 'network.protocol.name': 'http' } },
  // Within the span of the message that asked.
  bus: { kind: SpanKind.INTERNAL, attributes: {} },
} as const;

/**
 * The same dispatcher, each of whose calls is a span of the MAD's.
 *
 * @param isTool whether a tool of this name is there: a name that nobody declared must not make a span name of its own
 */
export function traceDispatcher(
  dispatcher: Dispatcher,
  tracing: Tracing | undefined,
  isTool: (name: unknown) => boolean,
): Dispatcher {
  if (!tracing) return dispatcher;

  return {
    ...dispatcher,
    call: (request) =>
      withTracing(tracing, request.trace, () =>
        inSpan(
          callSpan(request, isTool(request.toolName) ? String(request.toolName) : undefined),
          async (span) => {
            const outcome = await dispatcher.call(request);
            span.setAttributes({
              'mad.correlation_id': outcome.correlationId,
              ...toolContent(request.toolInput, outcome.reply),
            });
            if (!outcome.ok) failSpan(span, outcome.reply.code);
            return outcome;
          },
        ),
      ),
    read: (scope, what, request, run) =>
      withTracing(tracing, request.trace, () =>
        inSpan(readSpan(what, request.caller.name), () => dispatcher.read(scope, what, request, run)),
      ),
  };
}

/**
 * A tool that is called over one of the surfaces.
 *
 * @param tool undefined where nobody declared it
 */
export function callSpan({ surface, caller }: Pick<ToolCall, 'surface' | 'caller'>, tool?: string): SpanSpec {
  const { kind, attributes } = SURFACES[surface];
  const span = toolSpan(tool, kind);
  return {
    // As the conventions for MCP ask for; what the tool is stands in the attributes all the same.
    name: surface === 'mcp' ? span.name.replace('execute_tool', 'tools/call') : span.name,
    kind,
    attributes: { ...span.attributes, ...attributes, 'mad.surface': surface, 'mad.caller': caller.name },
  };
}

const readSpan = (uri: string, caller: string): SpanSpec => ({
  name: 'resources/read',
  kind: SpanKind.SERVER,
  attributes: {
    'mcp.method.name': 'resources/read',
    'mcp.resource.uri': uri,
    'network.protocol.name': 'http',
    'mad.surface': 'mcp',
    'mad.caller': caller,
  },
});
