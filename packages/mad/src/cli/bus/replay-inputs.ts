import { positionTimeMs, type RecordedTask } from '@mad-group/protocol';
import type { LoggedMessage } from './grace-log.ts';
import type { Recording } from './recording.ts';

/** One thing that was put into the group. */
export type ReplayInput = {
  /** When it came and when it was over, in milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
} & (
  | { readonly kind: 'task'; readonly task: RecordedTask }
  | {
      readonly kind: 'message';
      readonly message: LoggedMessage;
      readonly reply: LoggedMessage | null;
      /** The task that this message made. */
      readonly task: RecordedTask | null;
    }
);

/** What was put into the group, in its order. */
export function replayInputs({ tasks, messages }: Pick<Recording, 'tasks' | 'messages'>): ReplayInput[] {
  const byId = new Map(tasks.map((task) => [task.view.task_id, task]));
  const replies = new Map<string, LoggedMessage>();
  for (const message of messages) {
    const asked = message.headers?.in_reply_to;
    if (asked !== undefined) replies.set(asked, message);
  }
  const made = new Set<RecordedTask>();
  const inputs: ReplayInput[] = [];
  for (const message of messages) {
    if (message.headers?.in_reply_to !== undefined) continue;
    const reply = replies.get(message.message_id) ?? null;
    const task = byId.get(String(reply?.payload.task_id)) ?? null;
    if (task) made.add(task);
    const fromMs = positionTimeMs(message.position);
    const toMs = Math.max(fromMs, reply ? positionTimeMs(reply.position) : 0, task ? endMs(task) : 0);
    inputs.push({ kind: 'message', message, reply, task, fromMs, toMs });
  }
  for (const task of tasks) {
    if (made.has(task)) continue;
    inputs.push({ kind: 'task', task, fromMs: Date.parse(task.view.created_at), toMs: endMs(task) });
  }
  return inputs.sort((a, b) => a.fromMs - b.fromMs);
}

/**
 * Whether an earlier input must be over before a later one begins. What began when another was over
 * may have built on it; what overlapped overlaps again. The same prompt never runs twice at one
 * time: nobody could say which answer belongs to which.
 */
export const mustWait = (earlier: ReplayInput, later: ReplayInput): boolean =>
  earlier.toMs <= later.fromMs ||
  (earlier.task !== null && earlier.task.view.prompt === later.task?.view.prompt);

const endMs = ({ view }: RecordedTask): number => Date.parse(view.finished_at ?? view.updated_at);
