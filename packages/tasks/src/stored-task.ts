import {
  type Caller,
  type ErrorDetails,
  hasScope,
  isScope,
  type TaskStatus,
  type TaskView,
} from '@mad-group/protocol';
import { type TraceHeaders, traceHeadersOf } from '@mad-group/protocol/tracing';

/** A task as the store knows it. */
export interface StoredTask {
  /** The store's own number: grows with creation. */
  readonly id: number;
  readonly taskId: string;
  readonly status: TaskStatus;
  /** Who made it, with the scopes held then: the eyes that its tools read with. */
  readonly caller: Caller;
  readonly requesterId: string;
  readonly conversationId: string;
  readonly correlationId: string;
  readonly prompt: string;
  readonly attempt: number;
  readonly response: string | null;
  readonly error: ErrorDetails | null;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly startedMs: number | null;
  readonly finishedMs: number | null;
  /** Sequence number of its newest event. */
  readonly lastSeq: number;
  /** The trace that it was given in; empty where there was none. */
  readonly trace: TraceHeaders;
}

/** Columns that {@link toStoredTask} reads. */
export const TASK_COLUMNS = `
  t.id, t.task_id, t.status, t.owner, t.scopes, t.requester_id, t.conversation_id, t.correlation_id,
  (SELECT prompt FROM task_prompts WHERE task = t.id) AS prompt,
  t.attempt, t.response, t.error, t.created_ms, t.updated_ms, t.started_ms, t.finished_ms,
  t.traceparent, t.tracestate,
  (SELECT MAX(seq) FROM task_events WHERE task = t.id) AS last_seq`;

export interface TaskRow {
  id: number;
  task_id: string;
  status: TaskStatus;
  owner: string;
  scopes: string;
  requester_id: string;
  conversation_id: string;
  correlation_id: string;
  prompt: string;
  attempt: number;
  response: string | null;
  error: string | null;
  created_ms: number;
  updated_ms: number;
  started_ms: number | null;
  finished_ms: number | null;
  last_seq: number;
  traceparent: string | null;
  tracestate: string | null;
}

export function toStoredTask(row: TaskRow): StoredTask {
  return {
    id: row.id,
    taskId: row.task_id,
    status: row.status,
    caller: { name: row.owner, scopes: new Set(row.scopes.split(' ').filter(isScope)) },
    requesterId: row.requester_id,
    conversationId: row.conversation_id,
    correlationId: row.correlation_id,
    prompt: row.prompt,
    attempt: row.attempt,
    response: row.response,
    error: row.error === null ? null : (JSON.parse(row.error) as ErrorDetails),
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
    startedMs: row.started_ms,
    finishedMs: row.finished_ms,
    lastSeq: row.last_seq,
    trace: traceHeadersOf(row),
  };
}

/** The task as this caller reads it: the stack trace is for `admin` only. */
export function viewTask(task: StoredTask, caller: Caller): TaskView {
  const { error } = task;
  return {
    task_id: task.taskId,
    status: task.status,
    requester_id: task.requesterId,
    prompt: task.prompt,
    result_payload: task.response === null ? null : { response: task.response },
    error_details: error && (hasScope(caller, 'admin') ? error : { ...error, stack_trace: null }),
    created_at: iso(task.createdMs),
    updated_at: iso(task.updatedMs),
    started_at: task.startedMs === null ? null : iso(task.startedMs),
    finished_at: task.finishedMs === null ? null : iso(task.finishedMs),
    correlation_id: task.correlationId,
    conversation_id: task.conversationId,
    owner: task.caller.name,
    attempt: task.attempt,
    last_seq: task.lastSeq,
  };
}

export const iso = (ms: number): string => new Date(ms).toISOString();
