import { useRef } from 'preact/hooks';
import { counted, duration } from '../format.ts';
import { hasEnded, type TaskModel } from '../state/task-model.ts';

/** How a task stands, in figures. */
export function TaskFigures({ task, nowMs }: { task: TaskModel; nowMs: number }) {
  const { createdAt, firstTokenAt, endedAt, tokenEvents } = task;
  if (createdAt === null) return null;
  const since = (at: string): number => Date.parse(at) - Date.parse(createdAt);
  const parts = [
    firstTokenAt === null ? null : `first token after ${duration(since(firstTokenAt))}`,
    tokenEvents === 0 ? null : counted(tokenEvents, 'token message'),
    endedAt === null
      ? `for ${duration(Math.max(0, nowMs - Date.parse(createdAt)))}`
      : `ended after ${duration(since(endedAt))}`,
  ];
  return <span class="figures">{parts.filter((part) => part !== null).join(' · ')}</span>;
}

/** Says to a screen reader when a task ends that it saw running, and nothing of each token before. */
export function TaskAnnouncer({ task, name }: { task: TaskModel; name: string }) {
  const sawRunning = useRef(false);
  const ended = hasEnded(task.status);
  if (!ended && task.seq > 0) sawRunning.current = true;
  const words: Readonly<Record<string, string>> = {
    COMPLETED: `${name} has answered: ${task.text.slice(0, 300)}`,
    FAILED: `${name} has failed: ${task.error?.message ?? ''}`,
    CANCELLED: 'The task is cancelled.',
  };
  return (
    <p class="hidden" role="status">
      {ended && sawRunning.current ? words[task.status] : ''}
    </p>
  );
}
