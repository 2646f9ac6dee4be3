import { MadError, parseToolInput, toErrorReply } from '@mad-group/protocol';
import { failSpan, inSpan, toolContent, toolSpan } from '@mad-group/protocol/tracing';
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
export function runTool(
  tools: readonly ImperatorTool[],
  call: ToolCall,
  context: ImperatorToolContext,
): Promise<string> {
  const { log, signal } = context;
  const tool = tools.find((candidate) => candidate.name === call.name);
  const { name, kind, attributes } = toolSpan(tool?.name);
  return inSpan(
    { name, kind, attributes: { ...attributes, 'gen_ai.tool.call.id': call.id } },
    async (span) => {
      let content: string;
      try {
        content = await answerOf(tool, call, context, tools);
      } catch (error) {
        signal.throwIfAborted();
        log.warn({ tool: call.name.slice(0, 128), err: error }, 'Imperator tool failed');
        failSpan(span, error);
        content = JSON.stringify(toErrorReply(error));
      }
      span.setAttributes(toolContent(call.arguments, content));
      return content;
    },
  );
}

async function answerOf(
  tool: ImperatorTool | undefined,
  call: ToolCall,
  context: ImperatorToolContext,
  tools: readonly ImperatorTool[],
): Promise<string> {
  if (!tool) {
    const known = tools.map((candidate) => candidate.name).join(', ') || 'none';
    throw new MadError('unknown_tool', `Unknown tool: ${call.name.slice(0, 128)}. Known tools: ${known}.`);
  }
  const given = parseArguments(call);
  if (given === null) {
    throw new MadError('invalid_input', `The arguments of '${tool.name}' must be a JSON object.`);
  }
  context.log.info({ tool: tool.name, tool_input: given }, 'Imperator tool called');
  const result = await tool.run(parseToolInput(tool, given), context);
  return bounded(JSON.stringify(result ?? null), MAX_DATA_CHARACTERS);
}
