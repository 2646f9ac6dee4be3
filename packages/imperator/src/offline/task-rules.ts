import { systemClock, type TaskStatus, type TaskView } from '@mad-group/protocol';
import { parseTaskIdPieces, parseTaskIds } from './names.ts';
import { counted } from './numbers.ts';
import type { OfflineContext, OfflineRule } from './rule.ts';
import { taskDurationRule } from './task-duration-rule.ts';
import { asksForCount, asksForLatest, asksForList, parseLimit, parseStatuses } from './task-question.ts';
import { report, reportLine } from './task-report.ts';
import { createTaskSearch, isQuestion, MAX_LIST, type TaskFacts } from './task-search.ts';
import { parseTimeWindow } from './time-window.ts';

/** Characters of an id from which on its beginning names a task. */
const MIN_PIECE = 6;

/** What people ask about tasks first: what happened to one, which failed, how long they took. */
export function taskRules(facts: TaskFacts): OfflineRule[] {
  const { clock = systemClock } = facts;
  const search = createTaskSearch(facts);

  const line = (task: TaskView): string =>
    `${reportLine(task, clock.now())}${isQuestion(task) ? ' (a question about tasks)' : ''}`;

  async function byPiece(piece: string, context: OfflineContext): Promise<string> {
    const none = `I find no task that begins with '${piece}'`;
    if (piece.length < MIN_PIECE) {
      return `${none}: give its id, or at least the first ${MIN_PIECE} characters of it.`;
    }
    const tasks = await search.beginningWith(piece, context);
    const [task] = tasks;
    if (!task) return `${none}.`;
    if (tasks.length === 1) return report(task, clock.now());
    return `${tasks.length} tasks begin with '${piece}':\n${tasks.map(line).join('\n')}`;
  }

  return [
    {
      describe: 'What happened to task 00000000-0000-0000-0000-000000000000, and how long did it take?',
      async answer(prompt, context) {
        const answers = [
          ...parseTaskIds(prompt).map(async (id) => {
            const task = await search.find(id, context.caller);
            return task ? report(task, clock.now()) : `I find no task ${id} that you may see.`;
          }),
          ...parseTaskIdPieces(prompt).map((piece) => byPiece(piece, context)),
        ];
        return answers.length === 0 ? null : (await Promise.all(answers)).join('\n\n');
      },
    },
    {
      describe: 'What happened to the last failed task?',
      async answer(prompt, context) {
        if (!asksForLatest(prompt)) return null;
        const statuses = parseStatuses(prompt);
        const { tasks } = await search.tasksOf(statuses, 1, null, context);
        const [task] = tasks;
        if (!task) return `There is no ${named(statuses)}task yet.`;
        return report(task, clock.now());
      },
    },
    {
      describe: 'How many tasks failed today?',
      async answer(prompt, context) {
        if (!asksForCount(prompt)) return null;
        const statuses = parseStatuses(prompt);
        const window = parseTimeWindow(prompt, clock.now());
        const { tasks, complete } = await search.tasksOf(statuses, MAX_LIST, window, context);
        const when =
          window === null ? '' : ` that ${tasks.length === 1 ? 'was' : 'were'} created ${window.name}`;
        const detail = statuses.length === 0 && tasks.length > 0 ? ` (${byStatus(tasks)})` : '';
        return `${complete ? '' : 'At least '}${counted(tasks.length, `${named(statuses)}task`)}${when}${detail}, among those that you may see.`;
      },
    },
    taskDurationRule(search, clock),
    {
      describe: 'List the last 5 failed tasks.',
      async answer(prompt, context) {
        if (!asksForList(prompt)) return null;
        const statuses = parseStatuses(prompt);
        const window = parseTimeWindow(prompt, clock.now());
        const { tasks } = await search.tasksOf(statuses, parseLimit(prompt), window, context);
        const when = window === null ? '' : ` created ${window.name}`;
        if (tasks.length === 0) return `There is no ${named(statuses)}task${when} that you may see.`;
        const head =
          tasks.length === 1 ? `One ${named(statuses)}task` : `${tasks.length} ${named(statuses)}tasks`;
        const order = tasks.some(isQuestion) && !tasks.every(isQuestion) ? ', questions last' : '';
        return `${head}${when}, newest first${order}:\n${tasks.map(line).join('\n')}`;
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
