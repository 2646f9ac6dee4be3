import { z } from 'zod';
import { EnvelopeSchema } from './envelope.ts';
import { PositionSchema } from './position.ts';
import { GapSchema } from './shapes/grace.ts';
import { TaskEventSchema, TaskSchema } from './shapes/tasks.ts';

/** Raised where a reader of the version before would misread what is written. */
export const RECORDING_FORMAT = 1;

const Time = z.string().describe('ISO 8601, UTC');

/** A task as a recording holds it: without its owner, and without the stack trace of its failure. */
const RecordedTaskSchema = TaskSchema.omit({ owner: true });
export type RecordedTaskView = z.infer<typeof RecordedTaskSchema>;

/** One line of a recording of the bus. */
export const RecordingLineSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('recording'),
    format: z.literal(RECORDING_FORMAT),
    version: z.string().describe('of the program that wrote it'),
    /** What was asked for; what was not asked for is null. */
    patterns: z.array(z.string()),
    after: PositionSchema.nullable(),
    since: Time.nullable(),
    until: Time.nullable(),
    correlation_id: z.string().nullable(),
    conversation_id: z.string().nullable(),
  }),
  z.object({ type: z.literal('message'), message: EnvelopeSchema.extend({ position: PositionSchema }) }),
  z.object({ type: z.literal('gap'), gap: GapSchema }),
  /** What of a task is not on the bus: its prompt above all. `mad` is the MAD that has it. */
  z.object({ type: z.literal('task'), mad: z.string(), task: RecordedTaskSchema }),
  /** Events of a task whose messages are not among these, or not whole. A task may have several lines. */
  z.object({ type: z.literal('task_events'), task_id: z.string(), events: z.array(TaskEventSchema) }),
  /** The last line. Without it the recording was broken off. */
  z.object({
    type: z.literal('end'),
    messages: z.number().int(),
    tasks: z.number().int(),
    gaps: z.number().int(),
    /** Times of the first message and of the last one; null without any. */
    from: Time.nullable(),
    to: Time.nullable(),
    position: PositionSchema.nullable().describe('where the log was read to'),
  }),
]);
export type RecordingLine = z.infer<typeof RecordingLineSchema>;

/** A task with all of its events, as it was recorded. */
export interface RecordedTask {
  readonly mad: string;
  readonly view: RecordedTaskView;
  /** Those of its last attempt, in order. What was given up before is no part of what it answered. */
  readonly events: readonly z.infer<typeof TaskEventSchema>[];
}
