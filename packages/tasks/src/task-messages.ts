import { hash } from 'node:crypto';
import {
  createEnvelope,
  directChannel,
  type Envelope,
  streamChannel,
  type TaskEvent,
} from '@mad-group/protocol';
import type { OutboxTask } from './outbox-table.ts';
import type { TaskWording } from './ports.ts';
import { iso } from './stored-task.ts';

/** Namespace of the ids below: a UUID made once for this purpose. */
const NAMESPACE = Buffer.from('6f1c7a52d0fb4e6c9d0c3b1f5a9e2c47', 'hex');

/** A name's UUID, version 5 (RFC 9562, section 5.5), in this package's namespace. */
function uuidV5(name: string): string {
  const named = Buffer.concat([NAMESPACE, Buffer.from(name)]);
  const bytes = hash('sha1', named, 'buffer').subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Message id of a task's event: the same at every try, so that the bus keeps one of them. The
 * attempt is part of it, since a loss of power may take the newest events with it, whose numbers
 * then come again in the next attempt.
 */
export const eventMessageId = (taskId: string, event: Pick<TaskEvent, 'seq' | 'attempt'>): string =>
  uuidV5(`${taskId}:${event.seq}:${event.attempt}`);

export const notificationMessageId = (taskId: string): string => uuidV5(`${taskId}:notification`);

/** The event as `mad.stream.{task_id}` carries it. */
export function eventEnvelope(task: OutboxTask, event: TaskEvent, madId: string): Envelope {
  return createEnvelope({
    ...common(task, madId),
    channel: streamChannel(task.taskId),
    messageId: eventMessageId(task.taskId, event),
    timestamp: event.timestamp,
    payload: event,
  });
}

/** In place of an event that the bus does not take for its size; `get_task_events` has it whole. */
export const withoutContent = ({ seq, type, attempt, timestamp }: TaskEvent): TaskEvent => ({
  seq,
  type,
  attempt,
  timestamp,
  token: '',
  truncated: true,
});

/**
 * The word to the requester that the task has ended.
 *
 * @param whole false leaves out an answer that the bus does not take for its size
 */
export function notificationEnvelope(
  task: OutboxTask,
  madId: string,
  wording: TaskWording,
  whole = true,
): Envelope {
  return createEnvelope({
    ...common(task, madId),
    channel: directChannel(task.requesterId),
    recipientId: task.requesterId,
    messageId: notificationMessageId(task.taskId),
    timestamp: iso(task.finishedMs ?? 0),
    payload: {
      notification_type: 'task_update',
      task_id: task.taskId,
      status: task.status,
      ...outcome(task, wording, whole),
    },
  });
}

function outcome(task: OutboxTask, wording: TaskWording, whole: boolean): Record<string, unknown> {
  if (task.status === 'CANCELLED') return { message: 'Task cancelled.' };
  if (task.status === 'FAILED') {
    return { message: 'Task failed.', error: task.error && { ...task.error, stack_trace: null } };
  }
  if (whole) return { message: wording.completed, result: { response: task.response } };
  return { message: wording.completed, result: null, truncated: true };
}

const common = (task: OutboxTask, madId: string) => ({
  senderId: madId,
  conversationId: task.conversationId,
  correlationId: task.correlationId,
  headers: { owner: task.owner },
});
