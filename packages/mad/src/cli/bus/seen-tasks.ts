import type { Envelope } from '@mad-group/protocol';

/** A task as far as its messages on the bus tell of it. */
export interface SeenTask {
  readonly mad: string;
  readonly taskId: string;
  /** Sequence number up to which each event was seen, whole; 0 where even the first was not. */
  readonly wholeUpTo: number;
}

interface Tracked {
  mad: string;
  taskId: string;
  wholeUpTo: number;
}

const STREAM = 'mad.stream.';
const ENDS: ReadonlySet<unknown> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
/** Tasks that were handed out and whose late messages are known again. */
const MAX_DONE = 10_000;

/**
 * The tasks that a stretch of the log tells of. Each is handed out once, when it has ended, so that
 * memory holds only those that run.
 */
export class SeenTasks {
  readonly #running = new Map<string, Tracked>();
  readonly #done = new Set<string>();
  #ended: Tracked[] = [];

  see({ channel, sender_id: mad, payload }: Envelope): void {
    if (channel.startsWith(STREAM) && typeof payload.seq === 'number') {
      this.#seeEvent(mad, channel.slice(STREAM.length), payload);
    } else if (payload.notification_type === 'task_update' && typeof payload.task_id === 'string') {
      // Its stream, where it is among these messages, says more and later.
      if (!this.#running.has(payload.task_id)) this.#end(this.#track(mad, payload.task_id));
    }
  }

  /** Those that have ended since this was asked last. */
  takeEnded(): SeenTask[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  /** Those that have not ended within these messages. */
  takeRunning(): SeenTask[] {
    const running = [...this.#running.values()];
    this.#running.clear();
    return running;
  }

  #seeEvent(mad: string, taskId: string, event: Record<string, unknown>): void {
    const task = this.#track(mad, taskId);
    if (!task) return;
    if (event.seq === task.wholeUpTo + 1 && event.truncated !== true) task.wholeUpTo += 1;
    if (event.type === 'state' && ENDS.has(event.status)) this.#end(task);
  }

  #track(mad: string, taskId: string): Tracked | undefined {
    if (this.#done.has(taskId)) return undefined;
    const known = this.#running.get(taskId);
    if (known) return known;
    const task = { mad, taskId, wholeUpTo: 0 };
    this.#running.set(taskId, task);
    return task;
  }

  #end(task: Tracked | undefined): void {
    if (!task) return;
    this.#running.delete(task.taskId);
    this.#ended.push(task);
    this.#done.add(task.taskId);
    if (this.#done.size <= MAX_DONE) return;
    // A Set keeps the order of insertion.
    const [oldest] = this.#done;
    if (oldest !== undefined) this.#done.delete(oldest);
  }
}
