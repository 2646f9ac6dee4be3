import {
  type Caller,
  MadError,
  type ResourceDefinition,
  type ToolContext,
  toErrorReply,
} from '@mad-group/protocol';
import { nearestTrace, type TraceHeaders, traceHeadersOf } from '@mad-group/protocol/tracing';
import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type Server,
  UriTemplate,
  type Variables,
} from '@modelcontextprotocol/server';
import type { Dispatcher } from '../dispatch.ts';

export interface ResourceHandlerOptions {
  readonly resources: readonly ResourceDefinition[];
  readonly dispatcher: Dispatcher;
  readonly caller: Caller;
  readonly trace: TraceHeaders;
  readonly signal: AbortSignal;
}

const MIME_TYPE = 'application/json';

/** The resource that an address stands for, with the variables of its template. */
export function matchResource(
  resources: readonly ResourceDefinition[],
  uri: string,
): { resource: ResourceDefinition; variables: Record<string, string> } | null {
  const exact = resources.find((resource) => resource.uri === uri);
  if (exact) return { resource: exact, variables: {} };
  for (const resource of resources) {
    if (!UriTemplate.isTemplate(resource.uri)) continue;
    const found = new UriTemplate(resource.uri).match(uri);
    const variables = found && decodeAll(found);
    if (variables) return { resource, variables };
  }
  return null;
}

/** The values of a template's variables; null where one is not percent-encoded right. */
function decodeAll(variables: Variables): Record<string, string> | null {
  try {
    return Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, decodeURIComponent(String(value))]),
    );
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** Serves `resources/list`, `resources/templates/list` and `resources/read`. */
export function handleResources(server: Server, options: ResourceHandlerOptions): void {
  const { resources } = options;
  const facts = ({ name, title, description }: ResourceDefinition) => ({
    name,
    title,
    description,
    mimeType: MIME_TYPE,
  });
  server.setRequestHandler('resources/list', () => ({
    resources: resources
      .filter((resource) => !UriTemplate.isTemplate(resource.uri))
      .map((resource) => ({ ...facts(resource), uri: resource.uri })),
  }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: resources
      .filter((resource) => UriTemplate.isTemplate(resource.uri))
      .map((resource) => ({ ...facts(resource), uriTemplate: resource.uri })),
  }));
  server.setRequestHandler('resources/read', async (request, context) => {
    const { uri } = request.params;
    const matched = matchResource(resources, uri);
    if (!matched) throw new ResourceNotFoundError(uri);
    const { resource, variables } = matched;
    const call = {
      caller: options.caller,
      signals: [context.mcpReq.signal, options.signal],
      trace: nearestTrace(traceHeadersOf(context.mcpReq._meta), options.trace),
    };
    try {
      const read = (toolContext: ToolContext) => resource.read(variables, toolContext);
      const state = await options.dispatcher.read(resource.scope, uri, call, read);
      return { contents: [{ uri, mimeType: MIME_TYPE, text: JSON.stringify(state) }] };
    } catch (error) {
      throw toProtocolError(error, uri, options.dispatcher);
    }
  });
}

function toProtocolError(error: unknown, uri: string, dispatcher: Dispatcher): Error {
  if (error instanceof MadError && error.code === 'not_found') {
    return new ResourceNotFoundError(uri, error.message);
  }
  const reply = toErrorReply(error);
  if (reply.code === 'internal') dispatcher.reportDefect(error, { uri });
  const code = reply.code === 'internal' ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
  return new ProtocolError(code, reply.message, { code: reply.code });
}
