import type { TaskRunner } from '../task-runner.ts';

/** What each of the task tools is made with. */
export interface TaskToolParts {
  /** Name of the MAD and of its tools: `{prefix}_converse`. */
  readonly prefix: 'fiedler' | 'rogers';
  /** The MAD as people call it. */
  readonly title: string;
  readonly runner: TaskRunner;
}
