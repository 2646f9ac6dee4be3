import { MadError } from '@mad-group/protocol';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface VerifyOptions {
  /** Bearer token; none where the MAD asks for none. */
  readonly token: string | null;
  /** Longest wait for all of it, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a MAD said of itself over MCP. */
export interface VerifiedMcp {
  readonly server: string;
  readonly version: string;
  /** Revision of MCP that both speak, as `2026-07-28`. */
  readonly protocol: string;
  readonly tools: readonly string[];
}

/** The MCP address of a MAD whose WebSocket is at `ws://host:port`. */
export const mcpUrl = (url: string): string => new URL('/mcp', url.replace(/^ws/, 'http')).href;

/**
 * Talks MCP to a MAD as a client would: `server/discover` or `initialize`, then `tools/list`.
 *
 * @param url of the MCP endpoint, as `http://fiedler:8001/mcp`
 * @throws MadError `unreachable` with what went wrong
 */
export async function verifyMcp(url: string, options: VerifyOptions): Promise<VerifiedMcp> {
  const late = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
  const headers: Record<string, string> =
    options.token === null ? {} : { authorization: `Bearer ${options.token}` };
  const client = new Client({ name: 'mad-verify', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  try {
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers, signal } });
    await client.connect(transport, { signal, timeout: options.timeoutMs });
    const { tools } = await client.listTools({}, { signal, timeout: options.timeoutMs });
    if (tools.length === 0) throw new Error('it has no tools');
    const server = client.getServerVersion();
    return {
      server: server?.name ?? '',
      version: server?.version ?? '',
      protocol: client.getNegotiatedProtocolVersion() ?? '',
      tools: tools.map(({ name }) => name),
    };
  } catch (error) {
    const reason = late.aborted ? `no answer within ${options.timeoutMs / 1000} s` : reasonOf(error);
    throw new MadError('unreachable', `${url} does not speak MCP as a MAD does: ${reason}.`, {
      cause: error,
    });
  } finally {
    await client.close();
  }
}

/** The innermost cause: fetch says no more than that it failed, and the client wraps that. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return (error.message || error.name).replace(/\.$/, '');
}
