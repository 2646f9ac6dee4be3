import type { Caller, TaskStatus, TaskView } from '@mad-group/protocol';
import type { OfflineRule } from './rule.ts';

/** What the rules read of the task store, with the caller's eyes. */
export interface TaskFacts {
  /** Null, or MadError `not_found`, where there is no such task. */
  get(taskId: string, caller: Caller): Promise<TaskView | null> | TaskView | null;
  /** Newest first. */
  list(
    filter: { status?: TaskStatus; limit: number },
    caller: Caller,
  ): Promise<readonly TaskView[]> | readonly TaskView[];
}

export function taskRules(_facts: TaskFacts): OfflineRule[] {
  return [];
}
