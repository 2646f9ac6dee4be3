import {
  type Caller,
  type Clock,
  MadError,
  systemClock,
  type TaskStatus,
  type TaskView,
} from '@mad-group/protocol';
import { parseTaskIds } from './names.ts';
import { counted } from './numbers.ts';
import type { OfflineContext, OfflineRule } from './rule.ts';
import { asksForLatest, parseLimit, parseStatuses } from './task-question.ts';
import { report, reportLine, timing } from './task-report.ts';
import { parseTimeWindow, type TimeWindow } from './time-window.ts';

/** What the rules read of the task store, with the caller's eyes. */
export interface TaskFacts {
  /** Null, or MadError `not_found`, where there is no such task. */
  get(taskId: string, caller: Caller): Promise<TaskView | null> | TaskView | null;
  /** Newest first, at most 1,000. */
  list(
    filter: { status?: TaskStatus; limit: number },
    caller: Caller,
  ): Promise<readonly TaskView[]> | readonly TaskView[];
  readonly clock?: Clock;
}

/** Longest list that the store gives. */
const MAX_LIST = 1000;
const TASKS = /\btasks?\b|\bjobs?\b|\bprompts\b|\brequests\b/i;
const LISTING =
  /\b(?:list|show|give|see|recent|latest|last|newest|what|which|any|all|status|activity|history|display|overview)\b/i;
const STATE_OF_WORK =
  /\b(?:what|anything|something|is there)\b.*\b(?:running|fail\w*|in progress|queued|pending|waiting|going on)\b/i;
const COUNT = /\bhow many\b|\bnumber of\b|\bcount\b/i;
const DURATION = /\bhow long\b|\bduration\b|\bhow (?:fast|slow|quick\w*)\b|\btook\b/i;
const GROUP =
  /\b(?:everything|everyone|everybody|mads?|group|grace|rogers|sequential thinking|redis|the bus|stale|heartbeats?|connections?|connected|busiest|topics?|senders?|messages?|traffic)\b/i;
const GROUP_WORDS =
  /\b(?:up|down|ok|okay|healthy|health|alive|status|running|who|which|how many|compare|busiest|list|show|online|connected|stale)\b/i;

/** What people ask about tasks first: what happened to one, which failed, how long they took. */
export function taskRules({ get, list, clock = systemClock }: TaskFacts): OfflineRule[] {
  /** Newest first, without the one that asks. `complete`: there are no more than these. */
  async function tasksOf(
    statuses: readonly TaskStatus[],
    limit: number,
    window: TimeWindow | null,
    { caller, taskId }: OfflineContext,
  ): Promise<{ tasks: TaskView[]; complete: boolean }> {
    const fetched = Math.min(MAX_LIST, window === null ? limit + 1 : MAX_LIST);
    const asked: { status?: TaskStatus }[] =
      statuses.length === 0 ? [{}] : statuses.map((status) => ({ status }));
    const lists = await Promise.all(asked.map((filter) => list({ ...filter, limit: fetched }, caller)));
    const tasks = lists
      .flat()
      .filter((task) => task.task_id !== taskId)
      .filter(({ created_at }) => {
        const createdMs = Date.parse(created_at);
        return window === null || (createdMs >= window.fromMs && createdMs < window.toMs);
      })
      .sort((a, b) => b.created_at.localeCompare(a.created_at));
    return { tasks: tasks.slice(0, limit), complete: lists.every((some) => some.length < MAX_LIST) };
  }

  async function find(taskId: string, caller: Caller): Promise<TaskView | null> {
    try {
      return await get(taskId, caller);
    } catch (error) {
      if (error instanceof MadError && error.code === 'not_found') return null;
      throw error;
    }
  }

  return [
    {
      describe: 'What happened to task 00000000-0000-0000-0000-000000000000, and how long did it take?',
      async answer(prompt, { caller }) {
        const ids = parseTaskIds(prompt);
        if (ids.length === 0) return null;
        const answers = ids.slice(0, 20).map(async (id) => {
          const task = await find(id, caller);
          return task ? report(task, clock.now()) : `I find no task ${id} that you may see.`;
        });
        return (await Promise.all(answers)).join('\n\n');
      },
    },
    {
      describe: 'What happened to the last failed task?',
      async answer(prompt, context) {
        if (!asksForLatest(prompt)) return null;
        const statuses = parseStatuses(prompt);
        const { tasks } = await tasksOf(statuses, 1, null, context);
        const [task] = tasks;
        if (!task) return `There is no ${named(statuses)}task yet.`;
        return report(task, clock.now());
      },
    },
    {
      describe: 'How many tasks failed today?',
      async answer(prompt, context) {
        if (!COUNT.test(prompt) || !TASKS.test(prompt)) return null;
        const statuses = parseStatuses(prompt);
        const window = parseTimeWindow(prompt, clock.now());
        const { tasks, complete } = await tasksOf(statuses, MAX_LIST, window, context);
        const when =
          window === null ? '' : ` that ${tasks.length === 1 ? 'was' : 'were'} created ${window.name}`;
        const detail = statuses.length === 0 && tasks.length > 0 ? ` (${byStatus(tasks)})` : '';
        return `${complete ? '' : 'At least '}${counted(tasks.length, `${named(statuses)}task`)}${when}${detail}, among those that you may see.`;
      },
    },
    {
      describe: 'How long do tasks take?',
      async answer(prompt, context) {
        if (!DURATION.test(prompt) || !TASKS.test(prompt)) return null;
        const { tasks } = await tasksOf(['COMPLETED'], parseLimit(prompt), null, context);
        if (tasks.length === 0) return 'No task has been completed yet.';
        return `The last ${counted(tasks.length, 'completed task')}:\n${tasks
          .map((task) => `- ${task.task_id}: ${timing(task, clock.now())}`)
          .join('\n')}`;
      },
    },
    {
      describe: 'List the last 5 failed tasks.',
      async answer(prompt, context) {
        const aboutTasks = TASKS.test(prompt) && (LISTING.test(prompt) || parseStatuses(prompt).length > 0);
        const aboutWork = STATE_OF_WORK.test(prompt) || /\brecent activity\b/i.test(prompt);
        if (!aboutTasks && !(aboutWork && !GROUP.test(prompt))) return null;
        const statuses = parseStatuses(prompt);
        const window = parseTimeWindow(prompt, clock.now());
        const { tasks } = await tasksOf(statuses, parseLimit(prompt), window, context);
        const when = window === null ? '' : ` created ${window.name}`;
        if (tasks.length === 0) return `There is no ${named(statuses)}task${when} that you may see.`;
        const head =
          tasks.length === 1 ? `One ${named(statuses)}task` : `${tasks.length} ${named(statuses)}tasks`;
        return `${head}${when}, newest first:\n${tasks.map((task) => reportLine(task, clock.now())).join('\n')}`;
      },
    },
    {
      describe: 'Is everything up? (I will send you to Rogers.)',
      async answer(prompt) {
        if (!GROUP.test(prompt) || !GROUP_WORDS.test(prompt)) return null;
        return `I know only tasks; the state of the group is what Rogers watches. Ask Rogers: mad-cli rogers_ask '${JSON.stringify({ prompt }).replaceAll("'", "'\\''")}'`;
      },
    },
  ];
}

const named = (statuses: readonly TaskStatus[]): string =>
  statuses.length === 0 ? '' : `${statuses.map((status) => status.toLowerCase()).join(' or ')} `;

function byStatus(tasks: readonly TaskView[]): string {
  const counts = new Map<TaskStatus, number>();
  for (const { status } of tasks) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
}
