import { defineTool, TaskIdInput, TaskSchema, type ToolDefinition } from '@mad-group/protocol';
import type { TaskToolParts } from './tool-parts.ts';

export const getTaskStatus = ({ prefix, title, runner }: TaskToolParts): ToolDefinition =>
  defineTool({
    name: `${prefix}_get_task_status`,
    title: `Read one of ${title}'s tasks`,
    description: 'The task with its state, prompt, and its result or error. Callers read their own.',
    input: TaskIdInput,
    output: TaskSchema,
    readOnly: true,
    scope: 'read',
    missing: "'task_id' is required.",
    handle: ({ task_id }, { caller }) => runner.get(task_id, caller),
  });
