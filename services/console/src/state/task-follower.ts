import type { TaskEvent, TaskStatus } from '@mad-group/protocol';
import { type Signal, signal } from '@preact/signals';
import type { ApiError } from '../wire/api.ts';
import { hasEnded, NEW_TASK, nextTask, type TaskModel } from './task-model.ts';

/** A page of a task's events, as `*_get_task_events` gives it. */
export interface EventPage {
  readonly events: readonly TaskEvent[];
  readonly task_status: TaskStatus;
  readonly done: boolean;
}

/** @throws ApiError */
export type ReadEvents = (taskId: string, after: number, limit: number) => Promise<EventPage>;

const PAGE = 500;
/** Before a failed read is tried again, in milliseconds. */
const RETRY_MS = 2_000;
/** Events that wait for a read to end; past them they are read, too. */
const MAX_WAITING = 2_000;

/**
 * Follows one task. Its events come over the bus, where they are numbered without gaps; whatever is
 * missing, at the beginning or behind a cut, is read from the task itself.
 */
export class TaskFollower {
  readonly model: Signal<TaskModel> = signal(NEW_TASK);
  /** Why its events cannot be read; null while they can. */
  readonly problem: Signal<string | null> = signal(null);
  readonly taskId: string;
  readonly #read: ReadEvents;
  #waiting: TaskEvent[] = [];
  #reading = false;
  /** Something is missing that a read under way may not have seen. */
  #missing = false;
  #limit = PAGE;
  #stopped = false;

  constructor(taskId: string, read: ReadEvents) {
    this.taskId = taskId;
    this.#read = read;
    this.catchUp();
  }

  get ended(): boolean {
    return hasEnded(this.model.value.status);
  }

  /** Takes an event from the bus; null for one that was too large to come whole. */
  take(event: TaskEvent | null): void {
    if (event === null || event.truncated === true || this.#waiting.length >= MAX_WAITING) {
      this.#waiting = [];
      this.catchUp();
      return;
    }
    this.#waiting.push(event);
    if (!this.#reading && !this.#drain()) this.catchUp();
  }

  /** Reads what is missing from the task. */
  catchUp(): void {
    this.#missing = true;
    if (this.#reading) return;
    this.#reading = true;
    void this.#readUntilThere();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Takes in what came over the bus, in order; false where something before it is missing. */
  #drain(): boolean {
    const waiting = this.#waiting;
    this.#waiting = [];
    let model = this.model.value;
    let whole = true;
    for (const [index, event] of waiting.entries()) {
      if (event.seq === model.seq + 1) model = nextTask(model, event);
      else if (event.seq > model.seq || event.attempt > model.attempt) {
        // After a loss of power the numbers of what was lost come again, in the next attempt.
        if (event.seq <= model.seq) model = NEW_TASK;
        this.#waiting = waiting.slice(index);
        whole = false;
        break;
      }
    }
    this.model.value = model;
    return whole;
  }

  async #readUntilThere(): Promise<void> {
    try {
      while (this.#missing && !this.#stopped) {
        this.#missing = false;
        if (!(await this.#tryToRead())) return;
        // What came meanwhile; in the same turn as the look at what is missing, so that nothing comes between.
        if (!this.#drain()) this.#missing = true;
      }
    } finally {
      this.#reading = false;
    }
  }

  /** False where it is of no use to try again. */
  async #tryToRead(): Promise<boolean> {
    try {
      await this.#readPages();
      this.problem.value = null;
      return true;
    } catch (error) {
      const { code, message } = error as ApiError;
      this.#missing = true;
      // Replies over the bus are bounded: fewer events fit into one.
      if (code === 'payload_too_large' && this.#limit > 1) {
        this.#limit = Math.max(1, Math.floor(this.#limit / 8));
        return true;
      }
      this.problem.value = message;
      if (['not_found', 'forbidden', 'payload_too_large', 'unauthenticated'].includes(code)) return false;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      return true;
    }
  }

  async #readPages(): Promise<void> {
    for (;;) {
      const {
        events,
        task_status: status,
        done,
      } = await this.#read(this.taskId, this.model.value.seq, this.#limit);
      let model = this.model.value;
      for (const event of events) model = nextTask(model, event);
      this.model.value = model;
      // Of a task that goes on, the rest comes over the bus.
      if (this.#stopped || done || events.length === 0) return;
      if (!hasEnded(status) && events.length < this.#limit) return;
    }
  }
}
