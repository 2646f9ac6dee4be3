import { defineTool, ListTasksInput, ListTasksOutput, type ToolDefinition } from '@mad-group/protocol';
import type { TaskToolParts } from './tool-parts.ts';

export const listTasks = ({ prefix, title, runner }: TaskToolParts): ToolDefinition =>
  defineTool({
    name: `${prefix}_list_tasks`,
    title: `List ${title}'s tasks`,
    description: 'Tasks, newest first, a page at a time. Callers see their own, admin sees all.',
    input: ListTasksInput,
    output: ListTasksOutput,
    readOnly: true,
    scope: 'read',
    handle({ status, conversation_id, limit, before }, { caller }) {
      const page = runner.list({ status, conversationId: conversation_id, limit, before }, caller);
      return { status: 'success' as const, tasks: page.tasks, next_before: page.nextBefore };
    },
  });
