import {
  ConverseInput,
  ConverseOutput,
  defineTool,
  streamChannel,
  type ToolDefinition,
} from '@mad-group/protocol';
import { type TaskToolParts, toTaskInput } from './tool-parts.ts';

export const converse = ({ prefix, title, runner }: TaskToolParts): ToolDefinition =>
  defineTool({
    name: `${prefix}_converse`,
    title: `Give ${title} a task`,
    description: `Stores a prompt as a task for ${title} and answers at once with its task_id. Its tokens come on stream_topic, its end on mad.direct.{requester_id}.`,
    input: ConverseInput,
    output: ConverseOutput,
    readOnly: false,
    scope: 'converse',
    missing: "'prompt' and 'requester_id' are required.",
    async handle(input, { caller, correlationId }) {
      const task = await runner.submit(toTaskInput(input, correlationId), caller);
      return {
        status: 'pending' as const,
        task_id: task.taskId,
        stream_topic: streamChannel(task.taskId),
        requester_id: task.requesterId,
        correlation_id: task.correlationId,
        conversation_id: task.conversationId,
      };
    },
  });
