import {
  defineTool,
  GetTaskEventsInput,
  GetTaskEventsOutput,
  type ToolDefinition,
} from '@mad-group/protocol';
import type { TaskToolParts } from './tool-parts.ts';

export const getTaskEvents = ({ prefix, title, runner }: TaskToolParts): ToolDefinition =>
  defineTool({
    name: `${prefix}_get_task_events`,
    title: `Read the events of one of ${title}'s tasks`,
    description:
      'Tokens, tool calls and changes of state behind a sequence number, during the task or long after it. An attempt event says to discard the text before it.',
    input: GetTaskEventsInput,
    output: GetTaskEventsOutput,
    readOnly: true,
    scope: 'read',
    missing: "'task_id' is required.",
    async handle({ task_id, after, limit, wait_ms }, { caller, signal }) {
      const page = await runner.events(task_id, { after, limit, waitMs: wait_ms, signal }, caller);
      return {
        status: 'success' as const,
        task_id: page.taskId,
        task_status: page.status,
        events: page.events,
        next_after: page.nextAfter,
        done: page.done,
      };
    },
  });
