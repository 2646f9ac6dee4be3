import type { ImperatorTool, TaskFacts } from '@mad-group/imperator';
import { integer, text } from '@mad-group/protocol';
import { z } from 'zod';

/** Most tasks that a model is shown at once; more would fill its window. */
const MAX_TASKS = 50;
const DEFAULT_TASKS = 10;

const StatusInput = z.object({ task_id: text(128) });
const ListInput = z.object({
  limit: integer(1, MAX_TASKS).default(DEFAULT_TASKS).describe(`how many; ${DEFAULT_TASKS} where absent`),
});

/** The tools that Fiedler's IMPERATOR.md speaks of. They read, and see what the caller may see. */
export function taskImperatorTools(facts: TaskFacts): ImperatorTool[] {
  return [
    {
      name: 'get_task_status',
      description: 'One task with its state, prompt, result or error, and its times.',
      input: StatusInput,
      readOnly: true,
      run: (input, { caller }) => facts.get(StatusInput.parse(input).task_id, caller),
    },
    {
      name: 'list_recent_tasks',
      description: 'The newest tasks with their states and prompts, newest first.',
      input: ListInput,
      readOnly: true,
      run: (input, { caller }) => facts.list({ limit: ListInput.parse(input).limit }, caller),
    },
  ];
}
