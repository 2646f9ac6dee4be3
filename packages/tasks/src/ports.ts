import type { Envelope, Position, TaskStatus } from '@mad-group/protocol';

/** What the outbox needs of the bus. */
export interface Publisher {
  publish(envelope: Envelope, options?: { timeoutMs?: number; retry?: boolean }): Promise<Position>;
  /** Where it can tell: a bus that is away is not waited for at the end. */
  status?(): { readonly connected: boolean };
}

/** What the runner tells of its work. */
export interface TaskMetrics {
  submitted(): void;
  refused(): void;
  /** An attempt begins; `repeated` where it is not the task's first. */
  attempt(kind: 'first' | 'repeated'): void;
  /** From the task's creation to its end. */
  finished(status: TaskStatus, durationMs: number): void;
  /** From the task's creation to its first token in the store. */
  firstToken(latencyMs: number): void;
  tokens(count: number): void;
  /** How many tasks wait and run, after each change. */
  load(queued: number, running: number): void;
  /** Tasks with events that are stored and not yet published, after each change. */
  outbox(pending: number): void;
}

/** How the two MADs word what is otherwise the same. */
export interface TaskWording {
  /** `Task with id 'X' not found.` or `Task 'X' not found.` */
  notFound(taskId: string): string;
  /** Message of a COMPLETED notification. */
  readonly completed: string;
}
