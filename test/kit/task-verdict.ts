import { isDeepStrictEqual } from 'node:util';
import type { Envelope, TaskEvent, TaskView } from '@mad-group/protocol';
import { expect } from 'vitest';
import { readBusLog } from './bus-log.ts';
import type { SteadyClient } from './steady-client.ts';
import { faultsOf } from './task-history.ts';

export interface Verdict {
  readonly tasks: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Beyond the first of each task. */
  readonly furtherAttempts: number;
  readonly events: number;
  readonly notifications: number;
  /** Entries of the bus log that repeat an earlier one. */
  readonly repeatedEntries: number;
  /** Between two events of one task, whatever happened to its process, in milliseconds. */
  readonly longestSilenceMs: number;
}

export interface Charge {
  readonly client: SteadyClient;
  readonly redisUrl: string;
  /** Task ids that a caller was given, by idempotency key. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** The answer that belongs to a prompt. */
  readonly answerTo: (prompt: string) => string;
}

/**
 * Reads every task with its history, and everything that was published, and fails where a task was
 * lost, has an unlawful history, or was published otherwise than it is stored.
 */
export async function judgeTasks({ client, redisUrl, acknowledged, answerTo }: Charge): Promise<Verdict> {
  const tasks = await allTasks(client);
  const published = byTask(await readBusLog(redisUrl));
  const faults: string[] = [];
  const statuses: Record<string, number> = {};
  const sums = { furtherAttempts: 0, events: 0, notifications: 0, repeatedEntries: 0 };
  let longestSilenceMs = 0;

  const known = new Set(tasks.map(({ task_id }) => task_id));
  for (const [key, taskId] of acknowledged) if (!known.has(taskId)) faults.push(`${key}: ${taskId} is lost`);
  if (tasks.length !== acknowledged.size) faults.push(`${tasks.length} tasks of ${acknowledged.size} keys`);

  for (const task of tasks) {
    const say = (words: string): void => void faults.push(`${task.task_id} (${task.prompt}): ${words}`);
    const events = await allEvents(client, task.task_id);
    const response = task.result_payload?.response ?? null;
    for (const fault of faultsOf(events, { ...task, response })) say(fault);
    if (response !== null && response !== answerTo(task.prompt)) say(`the answer is '${response}'`);

    const { stream = [], notifications = [] } = published.get(task.task_id) ?? {};
    const entries = withoutRepeats(stream);
    if (!isDeepStrictEqual(payloads(entries), events)) say('its stream on the bus differs from its events');
    if (notifications.length === 0) say('nobody was told of its end');
    for (const { payload } of notifications) {
      if (payload.status !== task.status) say(`its notification says ${payload.status}`);
      if (!isDeepStrictEqual(payload, notifications[0]?.payload)) say('two notifications differ');
    }

    statuses[task.status] = (statuses[task.status] ?? 0) + 1;
    sums.furtherAttempts += task.attempt - 1;
    sums.events += events.length;
    sums.notifications += notifications.length;
    sums.repeatedEntries += stream.length - entries.length + Math.max(0, notifications.length - 1);
    longestSilenceMs = Math.max(longestSilenceMs, longestGapMs(events));
  }
  expect(faults.slice(0, 20), `${faults.length} faults`).toEqual([]);
  return { tasks: tasks.length, statuses, ...sums, longestSilenceMs };
}

/** Resolves when no task waits or runs, and nothing is left to publish. */
export async function untilAllEnded(client: SteadyClient): Promise<void> {
  const load = async () => (await client.call('mad_get_status')).details;
  await expect
    .poll(load, { interval: 50, timeout: 300_000 })
    .toMatchObject({ queued: 0, running: 0, unpublished: 0 });
}

async function allTasks(client: SteadyClient): Promise<TaskView[]> {
  const tasks: TaskView[] = [];
  let before: string | null = null;
  do {
    const page = await client.call('fiedler_list_tasks', {
      limit: 500,
      ...(before === null ? {} : { before }),
    });
    tasks.push(...(page.tasks as TaskView[]));
    before = page.next_before as string | null;
  } while (before !== null);
  return tasks;
}

/** All events of a task that has ended. */
async function allEvents(client: SteadyClient, taskId: string): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  for (;;) {
    const page = await client.call('fiedler_get_task_events', {
      task_id: taskId,
      after: events.at(-1)?.seq ?? 0,
    });
    events.push(...(page.events as TaskEvent[]));
    if (page.done) return events;
  }
}

interface Published {
  readonly stream: Envelope[];
  readonly notifications: Envelope[];
}

function byTask(log: readonly Envelope[]): Map<string, Published> {
  const tasks = new Map<string, Published>();
  const of = (taskId: string): Published => {
    const known = tasks.get(taskId) ?? { stream: [], notifications: [] };
    tasks.set(taskId, known);
    return known;
  };
  for (const envelope of log) {
    const { channel, payload } = envelope;
    if (channel.startsWith('mad.stream.')) of(channel.slice('mad.stream.'.length)).stream.push(envelope);
    else if (payload.notification_type === 'task_update')
      of(String(payload.task_id)).notifications.push(envelope);
  }
  return tasks;
}

function withoutRepeats(entries: readonly Envelope[]): Envelope[] {
  const seen = new Set<string>();
  return entries.filter(({ message_id }) => !seen.has(message_id) && seen.add(message_id));
}

const payloads = (entries: readonly Envelope[]) => entries.map(({ payload }) => payload);

function longestGapMs(events: readonly TaskEvent[]): number {
  const times = events.map(({ timestamp }) => Date.parse(timestamp));
  return Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] as number)));
}
