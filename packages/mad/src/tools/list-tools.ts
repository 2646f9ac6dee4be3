import {
  defineTool,
  ListToolsInput,
  ListToolsOutput,
  MadError,
  type ToolDefinition,
} from '@mad-group/protocol';
import { inputJsonSchema, outputJsonSchema } from './json-schema.ts';

/** `mad_list_tools`: what this MAD can do, with the JSON schemas of each tool. */
export const createListTools = (tools: () => readonly ToolDefinition[]): ToolDefinition =>
  defineTool({
    name: 'mad_list_tools',
    title: 'List tools',
    description:
      'The tools of this MAD with their scopes and JSON schemas; one of them where `tool` names it.',
    input: ListToolsInput,
    output: ListToolsOutput,
    readOnly: true,
    scope: 'read',
    handle: ({ tool: name }) => {
      const chosen = tools().filter((tool) => name === undefined || tool.name === name);
      if (name !== undefined && chosen.length === 0) {
        throw new MadError('not_found', `This MAD has no tool '${name}'.`);
      }
      return {
        status: 'success' as const,
        tools: chosen.map((tool) => ({
          name: tool.name,
          title: tool.title,
          description: tool.description,
          scope: tool.scope,
          read_only: tool.readOnly,
          input_schema: inputJsonSchema(tool),
          output_schema: outputJsonSchema(tool),
        })),
      };
    },
  });
