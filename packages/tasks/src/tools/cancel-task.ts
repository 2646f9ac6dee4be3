import { CancelTaskOutput, defineTool, TaskIdInput, type ToolDefinition } from '@mad-group/protocol';
import type { TaskToolParts } from './tool-parts.ts';

export const cancelTask = ({ prefix, title, runner }: TaskToolParts): ToolDefinition =>
  defineTool({
    name: `${prefix}_cancel_task`,
    title: `Cancel one of ${title}'s tasks`,
    description: 'Ends a task that waits or runs. One that has ended already stays as it is.',
    input: TaskIdInput,
    output: CancelTaskOutput,
    readOnly: false,
    destructive: true,
    scope: 'converse',
    missing: "'task_id' is required.",
    async handle({ task_id }, { caller }) {
      const task = await runner.cancel(task_id, caller);
      return { status: 'success' as const, task_id: task.taskId, task_status: task.status };
    },
  });
