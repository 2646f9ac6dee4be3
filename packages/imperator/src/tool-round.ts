import { MadError, parseToolInput, toErrorReply } from '@mad-group/protocol';
import { bounded, MAX_DATA_CHARACTERS } from './data-marking.ts';
import type { ImperatorTool, ImperatorToolContext } from './imperator-tool.ts';
import type { ToolCall } from './provider/provider.ts';

/** The arguments of a call, for the record; `null` where the model wrote no JSON object. */
export function parseArguments(call: ToolCall): Record<string, unknown> | null {
  if (call.arguments.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(call.arguments);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * Runs one call and gives its result as text. What goes wrong is a result, too: the model reads it
 * and may try again.
 *
 * @throws the signal's reason
 */
export async function runTool(
  tools: readonly ImperatorTool[],
  call: ToolCall,
  context: ImperatorToolContext,
): Promise<string> {
  const { log, signal } = context;
  try {
    const tool = tools.find((candidate) => candidate.name === call.name);
    if (!tool) {
      const known = tools.map((candidate) => candidate.name).join(', ') || 'none';
      throw new MadError('unknown_tool', `Unknown tool: ${call.name.slice(0, 128)}. Known tools: ${known}.`);
    }
    const given = parseArguments(call);
    if (given === null) {
      throw new MadError('invalid_input', `The arguments of '${tool.name}' must be a JSON object.`);
    }
    log.info({ tool: tool.name, tool_input: given }, 'Imperator tool called');
    const result = await tool.run(parseToolInput(tool, given), context);
    return bounded(JSON.stringify(result ?? null), MAX_DATA_CHARACTERS);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ tool: call.name.slice(0, 128), err: error }, 'Imperator tool failed');
    return JSON.stringify(toErrorReply(error));
  }
}
