import type { ResourceDefinition, ToolDefinition } from '@mad-group/protocol';
import { ask } from './tools/ask.ts';
import { cancelTask } from './tools/cancel-task.ts';
import { converse } from './tools/converse.ts';
import { getTaskEvents } from './tools/get-task-events.ts';
import { getTaskStatus } from './tools/get-task-status.ts';
import { listTasks } from './tools/list-tasks.ts';
import type { TaskToolParts } from './tools/tool-parts.ts';

export type TaskToolOptions = Omit<TaskToolParts, 'title'>;

/** The tools that every MAD with tasks has, named for it. */
export function createTaskTools(options: TaskToolOptions): ToolDefinition[] {
  const parts: TaskToolParts = { ...options, title: titleOf(options.prefix) };
  return [converse, ask, getTaskStatus, listTasks, cancelTask, getTaskEvents].map((make) => make(parts));
}

/** A task as state that MCP clients read by address. */
export function createTaskResources({ prefix, runner }: TaskToolOptions): ResourceDefinition[] {
  return [
    {
      uri: `mad://${prefix}/tasks/{id}`,
      name: `${prefix}_task`,
      title: `A task of ${titleOf(prefix)}'s`,
      description: 'The task with its state, prompt, and its result or error.',
      scope: 'read',
      read: ({ id = '' }, { caller }) => runner.get(id, caller),
    },
  ];
}

const titleOf = (prefix: string): string => prefix.charAt(0).toUpperCase() + prefix.slice(1);
