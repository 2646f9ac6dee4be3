import { MadError } from '@mad-group/protocol';

export interface ToolRequest {
  readonly toolName: unknown;
  readonly toolInput: unknown;
  /** `_meta`, as MCP has it: what is about the request and not of it. */
  readonly meta: unknown;
}

/**
 * A request of the founding protocol, from a text or a binary frame.
 *
 * @throws MadError `invalid_json` where it is no JSON object
 */
export function parseRequest(data: Buffer): ToolRequest {
  let request: unknown;
  try {
    request = JSON.parse(data.toString('utf8'));
  } catch (cause) {
    throw new MadError('invalid_json', 'Invalid JSON request.', { cause });
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new MadError('invalid_json', 'Invalid JSON request.');
  }
  const { tool_name: toolName, tool_input: toolInput, _meta: meta } = request as Record<string, unknown>;
  return { toolName, toolInput, meta };
}
