import type { PromptDefinition } from '@mad-group/protocol';
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** Serves `prompts/list` and `prompts/get`. */
export function handlePrompts(server: Server, prompts: readonly PromptDefinition[]): void {
  server.setRequestHandler('prompts/list', () => ({ prompts: prompts.map(describePrompt) }));
  server.setRequestHandler('prompts/get', (request) => {
    const prompt = prompts.find(({ name }) => name === request.params.name);
    if (!prompt) throw invalid(`Unknown prompt: ${request.params.name.slice(0, 200)}`);
    const parsed = prompt.arguments.safeParse(request.params.arguments ?? {});
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw invalid(`'${String(issue?.path[0] ?? 'arguments')}' ${issue?.message ?? 'is not right'}.`);
    }
    const text = prompt.render(parsed.data as Record<string, string>);
    return {
      description: prompt.description,
      messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
    };
  });
}

function describePrompt(prompt: PromptDefinition) {
  const entries = Object.entries(prompt.arguments.shape) as [string, z.ZodType][];
  return {
    name: prompt.name,
    title: prompt.title,
    description: prompt.description,
    arguments: entries.map(([name, schema]) => ({
      name,
      ...(schema.description === undefined ? {} : { description: schema.description }),
      required: !schema.safeParse(undefined).success,
    })),
  };
}

/** Values that an argument of a prompt may take and that begin with what was typed so far. */
export function completeArgument(
  prompts: readonly PromptDefinition[],
  promptName: string,
  argument: { readonly name: string; readonly value: string },
): string[] {
  const prompt = prompts.find(({ name }) => name === promptName);
  if (!prompt) throw invalid(`Unknown prompt: ${promptName.slice(0, 200)}`);
  let schema: unknown = prompt.arguments.shape[argument.name];
  while (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) schema = schema.unwrap();
  if (!(schema instanceof z.ZodEnum)) return [];
  return schema.options.map(String).filter((option) => option.startsWith(argument.value));
}

const invalid = (message: string): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, message);
