import type { Caller, PromptDefinition, ResourceDefinition, ToolDefinition } from '@mad-group/protocol';
import type { TraceHeaders } from '@mad-group/protocol/tracing';
import { Server } from '@modelcontextprotocol/server';
import type { Dispatcher } from '../dispatch.ts';
import { completeArgument, handlePrompts } from './prompt-handlers.ts';
import { handleResources } from './resource-handlers.ts';
import { handleTools } from './tool-handlers.ts';

export interface McpDefinition {
  readonly madId: string;
  readonly title: string;
  readonly version: string;
  readonly tools: readonly ToolDefinition[];
  readonly resources: readonly ResourceDefinition[];
  readonly prompts: readonly PromptDefinition[];
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
}

/**
 * How long a client may keep what is listed, in milliseconds. Lists change with a deploy only;
 * what resources say changes at any time and is not kept.
 */
const LIST_TTL_MS = 60_000;
const listHint = { ttlMs: LIST_TTL_MS, cacheScope: 'private' } as const;

/**
 * An MCP server for one request of one caller; the SDK serves both protocol eras from it.
 *
 * @param trace that came in headers of HTTP, for requests that bring none of their own
 */
export function createMcpServer(definition: McpDefinition, caller: Caller, trace: TraceHeaders): Server {
  const { tools, resources, prompts, dispatcher, signal } = definition;
  const server = new Server(
    { name: definition.madId, title: definition.title, version: definition.version },
    {
      capabilities: { tools: {}, resources: {}, prompts: {}, completions: {}, logging: {} },
      cacheHints: {
        'tools/list': listHint,
        'prompts/list': listHint,
        'resources/list': listHint,
        'resources/templates/list': listHint,
        'server/discover': listHint,
      },
    },
  );
  handleTools(server, { tools, dispatcher, caller, trace, signal });
  handleResources(server, { resources, dispatcher, caller, trace, signal });
  handlePrompts(server, prompts);
  server.setRequestHandler('completion/complete', (request) => {
    const { ref, argument } = request.params;
    const values = ref.type === 'ref/prompt' ? completeArgument(prompts, ref.name, argument) : [];
    return {
      completion: { values: values.slice(0, 100), total: values.length, hasMore: values.length > 100 },
    };
  });
  return server;
}
