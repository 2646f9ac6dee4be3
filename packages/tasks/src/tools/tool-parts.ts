import type { TaskInput, TaskRunner } from '../task-runner.ts';

/** What each of the task tools is made with. */
export interface TaskToolParts {
  /** Name of the MAD and of its tools: `{prefix}_converse`. */
  readonly prefix: string;
  /** The MAD as people call it. */
  readonly title: string;
  readonly runner: TaskRunner;
}

/** What the tools that take a prompt are given. */
interface PromptInput {
  readonly prompt: string;
  readonly requester_id?: string | undefined;
  readonly conversation_id?: string | undefined;
  readonly idempotency_key?: string | undefined;
}

/** The same as the runner takes it. */
export const toTaskInput = (input: PromptInput, correlationId: string): TaskInput => ({
  prompt: input.prompt,
  requesterId: input.requester_id,
  conversationId: input.conversation_id,
  idempotencyKey: input.idempotency_key,
  correlationId,
});
