import {
  AskInput,
  AskOutput,
  defineTool,
  isErrorCode,
  MadError,
  type TaskEvent,
  type ToolDefinition,
} from '@mad-group/protocol';
import type { StoredTask } from '../stored-task.ts';
import { type TaskToolParts, toTaskInput } from './tool-parts.ts';

const DEFAULT_TIMEOUT_MS = 300_000;

export const ask = ({ prefix, title, runner }: TaskToolParts): ToolDefinition =>
  defineTool({
    name: `${prefix}_ask`,
    title: `Ask ${title} and wait`,
    description: `Gives ${title} a prompt and waits for the answer; tokens come as progress. The task goes on when the wait ends early.`,
    input: AskInput,
    output: AskOutput,
    readOnly: false,
    scope: 'converse',
    missing: "'prompt' is required.",
    async handle(input, { caller, correlationId, signal, progress }) {
      const task = await runner.submit(toTaskInput(input, correlationId), caller);
      const timeoutMs = input.timeout_ms ?? DEFAULT_TIMEOUT_MS;
      const wait = new AbortController();
      const timer = setTimeout(() => wait.abort(tooLong(task, timeoutMs, prefix)), timeoutMs);
      const onGone = (): void => wait.abort(brokenOff(task, prefix));
      signal.addEventListener('abort', onGone, { once: true });
      if (signal.aborted) onGone();
      const onEvent = progress && (({ token }: TaskEvent): void => void (token && progress(token)));
      try {
        const ended = await runner.waitForEnd(task.taskId, wait.signal, onEvent);
        return {
          status: 'success' as const,
          task_id: ended.taskId,
          task_status: ended.status,
          response: answerOf(ended),
          conversation_id: ended.conversationId,
        };
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', onGone);
      }
    },
  });

/** The answer. An end without one is an error, in the words of what went wrong. */
function answerOf(task: StoredTask): string {
  if (task.response !== null) return task.response;
  if (!task.error) throw new MadError('conflict', `Task '${task.taskId}' was cancelled.`);
  const code = isErrorCode(task.error.code) ? task.error.code : 'internal';
  throw new MadError(code, `Task '${task.taskId}' failed: ${task.error.message}`);
}

const follow = (prefix: string): string =>
  `follow it with ${prefix}_get_task_events or ${prefix}_get_task_status`;

const tooLong = (task: StoredTask, timeoutMs: number, prefix: string): MadError =>
  new MadError(
    'timeout',
    `Task '${task.taskId}' has not ended within ${timeoutMs / 1000} s. It goes on; ${follow(prefix)}.`,
  );

const brokenOff = (task: StoredTask, prefix: string): MadError =>
  new MadError(
    'draining',
    `The wait for task '${task.taskId}' was broken off. It goes on; ${follow(prefix)}.`,
  );
