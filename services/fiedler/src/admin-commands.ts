import {
  type AdminCommand,
  type AdminSession,
  EXIT,
  followTask,
  forTerminalLine,
  terminalJson,
  UsageError,
  wholeArgument,
} from '@mad-group/mad/admin';
import { ListTasksOutput, MadError, type TaskView } from '@mad-group/protocol';

const DEFAULT_TASKS = 10;
const MAX_TASKS = 1000;
/** Tasks whose ids are offered to complete a word. */
const OFFERED_TASKS = 20;
/** Characters of a prompt in a list, as the first implementation showed them. */
const PROMPT_CHARS = 80;

/** What Fiedler adds to the commands of the administration. The first two print what they always did. */
export const FIEDLER_COMMANDS: readonly AdminCommand[] = [
  {
    name: 'fiedler-tasks',
    usage: 'fiedler-tasks [N]',
    summary: `the newest tasks; ${DEFAULT_TASKS} where N is absent`,
    async run(args, session) {
      const limit = wholeArgument(args, { name: 'N', min: 1, max: MAX_TASKS, fallback: DEFAULT_TASKS });
      const tasks = await newestTasks(limit, session);
      const head = `--- Showing Last ${tasks.length} Fiedler Tasks ---\n`;
      session.io.stdout.write(
        tasks.length === 0 ? 'No tasks found.\n' : head + tasks.map(paragraph).join(''),
      );
      return EXIT.ok;
    },
  },
  {
    name: 'fiedler-task-details',
    usage: 'fiedler-task-details ID',
    summary: 'all that is known of a task, as JSON',
    async run(args, { io, tools }) {
      const taskId = onlyId(args, 'fiedler-task-details');
      try {
        const task = await tools.callOrThrow('fiedler_get_task_status', { task_id: taskId });
        io.stdout.write(`${terminalJson(task, 2)}\n`);
        return EXIT.ok;
      } catch (error) {
        if (!(error instanceof MadError) || error.code !== 'not_found') throw error;
        io.stderr.write(`Task with ID '${forTerminalLine(taskId)}' not found.\n`);
        return EXIT.refused;
      }
    },
    complete: offerIds,
  },
  {
    name: 'fiedler-follow',
    usage: 'fiedler-follow ID',
    summary: 'the answer of a task from its beginning, and on as it comes',
    run(args, { io, tools }) {
      const taskId = onlyId(args, 'fiedler-follow');
      const client = { ...tools, close: async () => undefined };
      const options = { toolPrefix: 'fiedler', taskId, after: 0, json: false } as const;
      const comeBack = (): string => `fiedler-follow ${taskId}`;
      return followTask(client, { ...options, connect: async () => client, comeBack }, io);
    },
    complete: offerIds,
  },
];

async function newestTasks(limit: number, { tools, io }: AdminSession): Promise<readonly TaskView[]> {
  const reply = await tools.callOrThrow('fiedler_list_tasks', { limit }, { signal: io.signal });
  return ListTasksOutput.parse(reply).tasks;
}

const paragraph = ({ task_id, status, created_at, prompt }: TaskView): string =>
  [
    `ID     : ${task_id}`,
    `  Status : ${status}`,
    `  Created: ${created_at}`,
    `  Prompt : ${forTerminalLine([...prompt].slice(0, PROMPT_CHARS).join('')).trim()}...`,
    '\n',
  ].join('\n');

function onlyId(args: readonly string[], name: string): string {
  const [taskId, ...more] = args;
  if (taskId !== undefined && more.length === 0) return taskId;
  throw new UsageError(`Usage: ${name} <task_id>. fiedler-tasks shows the ids.`);
}

async function offerIds(args: readonly string[], session: AdminSession): Promise<readonly string[]> {
  if (args.length > 0) return [];
  return (await newestTasks(OFFERED_TASKS, session)).map(({ task_id }) => task_id);
}
