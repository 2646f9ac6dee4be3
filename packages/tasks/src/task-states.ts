import type { TaskStatus } from '@mad-group/protocol';

/** From each state, the states that may follow it. */
const NEXT: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  PENDING: ['RUNNING', 'FAILED', 'CANCELLED'],
  RUNNING: ['STREAMING', 'COMPLETED', 'FAILED', 'CANCELLED', 'PENDING'],
  STREAMING: ['RUNNING', 'FAILED', 'CANCELLED', 'PENDING'],
  COMPLETED: [],
  FAILED: [],
  CANCELLED: [],
};

export const canMove = (from: TaskStatus, to: TaskStatus): boolean => NEXT[from].includes(to);

/** Whether a task in this state has ended for good. */
export const hasEnded = (status: TaskStatus): boolean => NEXT[status].length === 0;
