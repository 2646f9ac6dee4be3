import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, Logger } from '@mad-group/protocol';
import { traceHeadersOf } from '@mad-group/protocol/tracing';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { type AuthInfo, createMcpHandler, isJsonContentType } from '@modelcontextprotocol/server';
import { scopeChallenge } from './scope-gate.ts';
import { createMcpServer, type McpDefinition } from './server.ts';

/** Largest body of a request, in bytes; past it the answer is 413. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface McpSurface {
  /** Serves one HTTP request of a caller that was let in. */
  handle(request: IncomingMessage, response: ServerResponse, caller: Caller): void;
  stop(): Promise<void>;
}

/** MCP over Streamable HTTP, stateless: a server for each request, in both protocol eras. */
export function createMcpSurface(definition: McpDefinition, log: Logger): McpSurface {
  const report = (error: Error): void => log.debug({ reason: error.message }, 'MCP request refused');
  const handler = createMcpHandler(
    ({ authInfo }) => createMcpServer(definition, callerOf(authInfo), traceHeadersOf(authInfo?.extra?.trace)),
    {
      onerror: report,
      maxRequestBodySize: MAX_BODY_BYTES,
    },
  );
  const serve = toNodeHandler(
    {
      async fetch(request, options) {
        const body = await jsonBody(request);
        if (body === undefined) return handler.fetch(request, options);
        const challenge = scopeChallenge(
          body,
          callerOf(options?.authInfo),
          definition.tools,
          definition.resources,
        );
        return challenge ?? handler.fetch(request, { ...options, parsedBody: body });
      },
    },
    { onerror: report, maxRequestBodySize: MAX_BODY_BYTES },
  );

  return {
    handle(request, response, caller) {
      const auth: AuthInfo = {
        token: '',
        clientId: caller.name,
        scopes: [...caller.scopes],
        extra: { caller, trace: traceHeadersOf(request.headers) },
      };
      // The adapter's type wants absent fields where Node's has undefined ones.
      const admitted = Object.assign(request, { auth }) as unknown as NodeIncomingMessageLike;
      serve(admitted, response).catch((error: Error) => {
        log.error({ err: error }, 'MCP request failed');
        response.destroy();
      });
    },
    stop: () => handler.close(),
  };
}

/** The caller that the gate let in; a request that came round the gate gets nothing. */
function callerOf(authInfo: AuthInfo | undefined): Caller {
  const caller = authInfo?.extra?.caller as Caller | undefined;
  if (!caller) throw new Error('An MCP request has no caller.');
  return caller;
}

/** The parsed body of a JSON request; undefined for what the MCP handler must refuse itself. */
async function jsonBody(request: Request): Promise<unknown> {
  if (request.method !== 'POST' || !isJsonContentType(request.headers.get('content-type'))) return undefined;
  try {
    return JSON.parse(await request.clone().text());
  } catch {
    // The handler answers it with a parse error of JSON-RPC.
    return undefined;
  }
}
