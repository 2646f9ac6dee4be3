import type { TaskEvent, TaskStatus, TaskView } from '@mad-group/protocol';
import { batch, type Signal, signal } from '@preact/signals';
import type { Api, ApiError } from '../wire/api.ts';
import type { Entry } from './entries.ts';
import { type EventPage, TaskFollower } from './task-follower.ts';
import { hasEnded } from './task-model.ts';

/** MADs that take tasks. */
export const TASK_MADS = ['fiedler', 'rogers'] as const;
export type TaskMad = (typeof TASK_MADS)[number];

/** A task of one of them, as its list shows it. */
export interface Task extends TaskView {
  readonly mad: TaskMad;
}

interface TaskPage {
  readonly tasks: readonly TaskView[];
  readonly next_before: string | null;
}

const PAGE = 25;
/** A task that nobody listed yet makes the list be read again, at most so often, in milliseconds. */
const RELOAD_MS = 500;
/** Followers that are kept, the newest. */
const MAX_FOLLOWERS = 50;
/** Tasks that a page which stays open gathers; past it the list begins anew with the newest. */
const MAX_LISTED = 1000;
const STREAM = 'mad.stream.';

/** The tasks that the caller may see: their list, and those that are followed. */
export class Tasks {
  /** Newest first. */
  readonly list: Signal<readonly Task[]> = signal([]);
  readonly loading: Signal<boolean> = signal(false);
  /** MADs whose tasks cannot be listed, each with the reason. */
  readonly problems: Signal<ReadonlyMap<TaskMad, string>> = signal(new Map());
  readonly hasOlder: Signal<boolean> = signal(false);
  readonly #api: Pick<Api, 'call'>;
  readonly #followers = new Map<string, TaskFollower>();
  readonly #older = new Map<TaskMad, string>();
  #wanted = false;
  #reload: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Pick<Api, 'call'>) {
    this.#api = api;
  }

  /** Reads the newest tasks; from now on the list keeps up with the bus. */
  async load(): Promise<void> {
    this.#wanted = true;
    this.loading.value = true;
    await Promise.all(TASK_MADS.map((mad) => this.#loadPage(mad)));
    this.loading.value = false;
  }

  async loadOlder(): Promise<void> {
    this.loading.value = true;
    await Promise.all([...this.#older].map(([mad, before]) => this.#loadPage(mad, before)));
    this.loading.value = false;
  }

  /** Follows a task from its beginning; the same follower for whoever asks. */
  follow(mad: TaskMad, taskId: string): TaskFollower {
    const known = this.#followers.get(taskId);
    if (known) return known;
    const follower = new TaskFollower(taskId, (id, after, limit) =>
      this.#api.call<EventPage>(mad, `${mad}_get_task_events`, { task_id: id, after, limit }),
    );
    this.#followers.set(taskId, follower);
    for (const [id, old] of this.#followers) {
      if (this.#followers.size <= MAX_FOLLOWERS) break;
      old.stop();
      this.#followers.delete(id);
    }
    return follower;
  }

  /** @throws ApiError */
  async read(mad: TaskMad, taskId: string): Promise<Task> {
    const task = {
      mad,
      ...(await this.#api.call<TaskView>(mad, `${mad}_get_task_status`, { task_id: taskId })),
    };
    this.#merge([task]);
    return task;
  }

  /** @throws ApiError */
  async cancel(mad: TaskMad, taskId: string, correlationId: string): Promise<void> {
    await this.#api.call(mad, `${mad}_cancel_task`, { task_id: taskId, correlation_id: correlationId });
  }

  /** Reads what may have been missed: behind a gap of the log, or a new login. */
  catchUp(): void {
    for (const follower of this.#followers.values()) if (!follower.ended) follower.catchUp();
    if (this.#wanted) this.#reloadSoon();
  }

  /** Takes what comes over the bus: events of tasks. */
  take(entry: Entry): void {
    if (entry.type === 'gap') this.catchUp();
    if (entry.type !== 'message' || !entry.message.channel.startsWith(STREAM)) return;
    const taskId = entry.message.channel.slice(STREAM.length);
    const event = entry.message.payload as TaskEvent | null;
    this.#followers.get(taskId)?.take(event);
    if (event === null || event.type !== 'state' || !this.#wanted) return;
    const known = this.list.value.find((task) => task.task_id === taskId);
    if (known === undefined) this.#reloadSoon();
    else if (isNewer(event.attempt, event.seq, known)) this.#merge([changed(known, event)]);
  }

  #reloadSoon(): void {
    this.#reload ??= setTimeout(() => {
      this.#reload = undefined;
      void this.load();
    }, RELOAD_MS);
  }

  async #loadPage(mad: TaskMad, before?: string): Promise<void> {
    let problem: string | null = null;
    try {
      const { tasks, next_before: next } = await this.#readPage(mad, before);
      batch(() => {
        if (before === undefined && this.list.value.length > MAX_LISTED) this.#forget(mad);
        this.#merge(tasks.map((task) => ({ ...task, mad })));
        // A reload of the newest page must not forget how far back the list goes already.
        if (next === null) this.#older.delete(mad);
        else if (before !== undefined || !this.#older.has(mad)) this.#older.set(mad, next);
        this.hasOlder.value = this.#older.size > 0;
      });
    } catch (error) {
      problem = (error as ApiError).message;
    }
    const others = [...this.problems.value].filter(([of]) => of !== mad);
    this.problems.value = new Map(problem === null ? others : [...others, [mad, problem]]);
  }

  #forget(mad: TaskMad): void {
    this.list.value = this.list.value.filter((task) => task.mad !== mad);
    this.#older.delete(mad);
  }

  /** A page; a smaller one where long prompts and answers do not fit into one reply of the bus. */
  async #readPage(mad: TaskMad, before: string | undefined): Promise<TaskPage> {
    for (let limit = PAGE; ; limit = Math.ceil(limit / 5)) {
      try {
        const input = { limit, ...(before === undefined ? {} : { before }) };
        return await this.#api.call<TaskPage>(mad, `${mad}_list_tasks`, input);
      } catch (error) {
        if ((error as ApiError).code !== 'payload_too_large' || limit === 1) throw error;
      }
    }
  }

  #merge(tasks: readonly Task[]): void {
    if (tasks.length === 0) return;
    const byId = new Map(this.list.value.map((task) => [task.task_id, task]));
    for (const task of tasks) {
      const known = byId.get(task.task_id);
      // A list that was read before the bus told more is the older word.
      if (known === undefined || isNewer(task.attempt, task.last_seq + 1, known))
        byId.set(task.task_id, task);
    }
    this.list.value = [...byId.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  }
}

/** Whether an event of this number tells more than what is known. Times do not: two may share a millisecond. */
const isNewer = (attempt: number, seq: number, known: Task): boolean =>
  attempt > known.attempt || (attempt === known.attempt && seq > known.last_seq);

function changed(task: Task, event: TaskEvent): Task {
  const status = event.status as TaskStatus;
  return {
    ...task,
    status,
    attempt: event.attempt,
    last_seq: event.seq,
    updated_at: event.timestamp,
    finished_at: hasEnded(status) ? event.timestamp : null,
  };
}
