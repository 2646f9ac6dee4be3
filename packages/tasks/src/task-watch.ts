import type { Clock, TaskStatus } from '@mad-group/protocol';
import type { TaskStore } from './task-store.ts';

/** What is looked up of the tasks at each scrape of metrics. */
export interface TaskWatch {
  /** Tasks in the store by their status. */
  readonly stored: Readonly<Record<TaskStatus, number>>;
  /** Age of the oldest task that waits, in milliseconds; 0 where none does. */
  readonly oldestQueuedMs: number;
  /** How long the quietest task that runs has shown nothing, in milliseconds; 0 where none does. */
  readonly silenceMs: number;
}

/** It costs the same however many tasks there are. */
export function watchTasks(
  store: Pick<TaskStore, 'countByStatus' | 'oldestQueuedMs'>,
  progress: Progress,
  clock: Clock,
): TaskWatch {
  const createdMs = store.oldestQueuedMs() ?? clock.now();
  return {
    stored: store.countByStatus(),
    oldestQueuedMs: Math.max(0, clock.now() - createdMs),
    silenceMs: progress.longestSilenceMs(),
  };
}

/** When each task that runs showed something last. */
export interface Progress {
  /** The task has begun, or has shown something. */
  shown(task: number): void;
  ended(task: number): void;
  /** How long the quietest of them has shown nothing, in milliseconds; 0 where none runs. */
  longestSilenceMs(): number;
}

/** @param now milliseconds that only go forward */
export function createProgress(now: () => number = () => performance.now()): Progress {
  const shownMs = new Map<number, number>();
  return {
    shown: (task) => void shownMs.set(task, now()),
    ended: (task) => void shownMs.delete(task),
    longestSilenceMs() {
      const nowMs = now();
      let oldestMs = nowMs;
      for (const ms of shownMs.values()) oldestMs = Math.min(oldestMs, ms);
      return nowMs - oldestMs;
    },
  };
}
