import {
  defineTool,
  type MadStatus,
  MadStatusInput,
  MadStatusOutput,
  type ToolDefinition,
} from '@mad-group/protocol';

/** `mad_get_status`: how this MAD is, as `mad-status` shows it. */
export const createGetStatus = (status: () => MadStatus): ToolDefinition =>
  defineTool({
    name: 'mad_get_status',
    title: 'Get status',
    description: 'Health of this MAD: its bus, its database, its planner and its model provider.',
    input: MadStatusInput,
    output: MadStatusOutput,
    readOnly: true,
    scope: 'read',
    handle: () => status(),
  });
