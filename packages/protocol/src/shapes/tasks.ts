import { z } from 'zod';
import { CorrelationId, integer, optionalText, text } from '../tool-input.ts';

export const TASK_STATUSES = ['PENDING', 'RUNNING', 'STREAMING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export const TaskStatusSchema = z.enum(TASK_STATUSES, {
  error: `must be one of ${TASK_STATUSES.join(', ')}`,
});
export type TaskStatus = z.infer<typeof TaskStatusSchema>;

export const ConverseInput = z.object({
  prompt: text(),
  requester_id: text(256).describe('notified on mad.direct.{requester_id} when the task ends'),
  conversation_id: optionalText(256).describe('earlier turns of it go along as history'),
  idempotency_key: optionalText(256).describe(
    'the same key gives the same task; with another prompt it is refused',
  ),
  correlation_id: CorrelationId,
});
export const ConverseOutput = z.object({
  status: z.literal('pending'),
  task_id: z.string(),
  stream_topic: z.string(),
  requester_id: z.string(),
  correlation_id: z.string(),
  conversation_id: z.string(),
});

export const AskInput = z.object({
  prompt: text(),
  requester_id: optionalText(256),
  conversation_id: optionalText(256),
  idempotency_key: optionalText(256),
  timeout_ms: integer(1, 3_600_000).optional().describe('how long to wait; 300,000 where absent'),
  correlation_id: CorrelationId,
});
export const AskOutput = z.object({
  status: z.literal('success'),
  task_id: z.string(),
  task_status: TaskStatusSchema,
  response: z.string(),
  conversation_id: z.string(),
});

export const TaskIdInput = z.object({ task_id: text(128), correlation_id: CorrelationId });

export const ErrorDetailsSchema = z.object({
  message: z.string(),
  code: z.string(),
  stack_trace: z.string().nullable().describe('for admin only'),
});
export type ErrorDetails = z.infer<typeof ErrorDetailsSchema>;

/** A task as its owner reads it. */
export const TaskSchema = z.object({
  task_id: z.string(),
  status: TaskStatusSchema,
  requester_id: z.string(),
  prompt: z.string(),
  result_payload: z.object({ response: z.string() }).nullable(),
  error_details: ErrorDetailsSchema.nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  correlation_id: z.string(),
  conversation_id: z.string(),
  owner: z.string(),
  attempt: z.number().int(),
  last_seq: z.number().int().describe('sequence number of its newest event'),
});
export type TaskView = z.infer<typeof TaskSchema>;

export const ListTasksInput = z.object({
  status: TaskStatusSchema.optional(),
  conversation_id: optionalText(256),
  limit: integer(1, 1000).optional().describe('20 where absent'),
  before: optionalText(256).describe('next_before of the page before'),
  correlation_id: CorrelationId,
});
export const ListTasksOutput = z.object({
  status: z.literal('success'),
  tasks: z.array(TaskSchema),
  next_before: z.string().nullable(),
});

export const CancelTaskOutput = z.object({
  status: z.literal('success'),
  task_id: z.string(),
  task_status: TaskStatusSchema,
});

export const TASK_EVENT_TYPES = ['state', 'attempt', 'token', 'tool_call', 'tool_result', 'plan'] as const;
/**
 * One event of a task. On `mad.stream.{task_id}` it is the payload as it is; `token` is there on
 * every event, empty where the event is none, so that a reader that only joins tokens stays right.
 */
export const TaskEventSchema = z.looseObject({
  seq: z.number().int().min(1).describe('from 1 without gaps'),
  type: z.enum(TASK_EVENT_TYPES),
  attempt: z.number().int().min(1).describe('where it rises, forget the text so far'),
  timestamp: z.string(),
  token: z.string(),
});
export type TaskEvent = z.infer<typeof TaskEventSchema>;

export const GetTaskEventsInput = z.object({
  task_id: text(128),
  after: integer(0, Number.MAX_SAFE_INTEGER).optional().describe('sequence number; 0 where absent'),
  limit: integer(1, 10_000).optional().describe('1,000 where absent'),
  wait_ms: integer(0, 60_000).optional().describe('wait so long for the next event, in ms'),
  correlation_id: CorrelationId,
});
export const GetTaskEventsOutput = z.object({
  status: z.literal('success'),
  task_id: z.string(),
  task_status: TaskStatusSchema,
  events: z.array(TaskEventSchema),
  next_after: z.number().int().describe('hand it back as `after`'),
  done: z.boolean().describe('the task has ended and this is the last of it'),
});
