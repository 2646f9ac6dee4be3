import type { Caller, ResourceDefinition, Scope, ToolDefinition } from '@mad-group/protocol';
import { missingScope } from '../dispatch.ts';
import { matchResource } from './resource-handlers.ts';

/**
 * The HTTP answer to a request whose caller lacks the scope: 403 with the challenge of RFC 6750
 * (section 3.1), as MCP's authorization specification asks for, which clients act on. Null where
 * nothing is missing, or where the request is for the MCP server to judge.
 */
export function scopeChallenge(
  body: unknown,
  caller: Caller,
  tools: readonly ToolDefinition[],
  resources: readonly ResourceDefinition[],
): Response | null {
  if (typeof body !== 'object' || body === null) return null;
  const { id, method, params } = body as { id?: unknown; method?: unknown; params?: unknown };
  const { name, uri } = (params ?? {}) as { name?: unknown; uri?: unknown };
  let scope: Scope | undefined;
  if (method === 'tools/call') scope = tools.find((tool) => tool.name === name)?.scope;
  if (method === 'resources/read' && typeof uri === 'string') {
    scope = matchResource(resources, uri)?.resource.scope;
  }
  if (scope === undefined) return null;
  const message = missingScope(caller, scope, `'${String(name ?? uri)}'`);
  if (message === null) return null;
  const error = { code: -32_003, message, data: { code: 'forbidden', scope } };
  const isId = typeof id === 'string' || typeof id === 'number';
  return Response.json(
    { jsonrpc: '2.0', id: isId ? id : null, error },
    {
      status: 403,
      headers: {
        'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"`,
      },
    },
  );
}
