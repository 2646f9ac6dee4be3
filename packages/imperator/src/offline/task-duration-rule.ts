import type { Clock, TaskView } from '@mad-group/protocol';
import { formatDuration } from './durations.ts';
import { counted } from './numbers.ts';
import type { OfflineRule } from './rule.ts';
import { asksForDuration, parseLimit } from './task-question.ts';
import { timing } from './task-report.ts';
import { isQuestion, MAX_LIST, type TaskSearch } from './task-search.ts';
import { parseTimeWindow } from './time-window.ts';

const LONGEST = /\blongest\b|\bslowest\b/i;
const SHORTEST = /\bshortest\b|\bfastest\b|\bquickest\b/i;
/** Lines of the list, at most. */
const MAX_LINES = 10;

/** How long tasks take: on average, at most, at least, and one by one. */
export const taskDurationRule = (search: TaskSearch, clock: Clock): OfflineRule => ({
  describe: 'How long do tasks take, and which took longest?',
  async answer(prompt, context) {
    if (!asksForDuration(prompt)) return null;
    const window = parseTimeWindow(prompt, clock.now());
    const limit = parseLimit(prompt, MAX_LIST);
    const { tasks: all } = await search.tasksOf(['COMPLETED'], limit, window, context);
    const when = window === null ? '' : ` created ${window.name}`;
    // Questions about tasks take milliseconds and would drown what is asked about.
    const work = all.filter((task) => !isQuestion(task));
    const tasks = work.length > 0 ? work : all;
    const [first] = tasks;
    if (!first) return `No task${when || ' yet'} has been completed.`;
    const byLength = [...tasks].sort((a, b) => tookMs(b) - tookMs(a));
    const [longest, shortest] = [byLength[0] ?? first, byLength.at(-1) ?? first];
    const averageMs = tasks.reduce((sum, task) => sum + tookMs(task), 0) / tasks.length;
    const [listed, order] = LONGEST.test(prompt)
      ? [byLength, 'The longest first']
      : SHORTEST.test(prompt)
        ? [byLength.toReversed(), 'The shortest first']
        : [tasks, 'The newest first'];
    return [
      `${counted(tasks.length, 'completed task')}${when} took ${formatDuration(averageMs)} on average: the longest ${named(longest)}, the shortest ${named(shortest)}.`,
      `${order}:`,
      ...listed.slice(0, MAX_LINES).map((task) => `- ${task.task_id}: ${timing(task, clock.now())}`),
    ].join('\n');
  },
});

const named = (task: TaskView): string => `${formatDuration(tookMs(task))} (${task.task_id})`;

/** From its start to its end, in milliseconds. */
function tookMs(task: TaskView): number {
  const finishedMs = Date.parse(task.finished_at ?? task.updated_at);
  return finishedMs - Date.parse(task.started_at ?? task.created_at);
}
