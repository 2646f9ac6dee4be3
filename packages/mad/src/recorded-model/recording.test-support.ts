import {
  type Plan,
  type RecordedTask,
  type RecordedTaskView,
  type TaskEvent,
  TaskSchema,
  type Thought,
} from '@mad-group/protocol';

const TIME = '2026-01-31T09:05:03.000Z';

export const PLAN: Plan = { plan: [{ step_number: 1, title: 'Build', description: 'Build it.' }] };

/** The first line of a recording of the whole bus. */
export const RECORDING_HEADER = {
  type: 'recording',
  format: 1,
  version: '0.1.0',
  patterns: ['mad.#'],
  after: null,
  since: null,
  until: null,
  correlation_id: null,
  conversation_id: null,
};

/** A task that ended well; what is given differs. */
export function taskView(given: Partial<RecordedTaskView> = {}): RecordedTaskView {
  const { owner: _, ...view } = TaskSchema.parse({
    task_id: 'task-1',
    status: 'COMPLETED',
    requester_id: 'me',
    prompt: 'Do it.',
    result_payload: null,
    error_details: null,
    created_at: TIME,
    updated_at: TIME,
    started_at: TIME,
    finished_at: TIME,
    correlation_id: 'correlation-1',
    conversation_id: 'conversation-1',
    owner: 'me',
    attempt: 1,
    last_seq: 1,
    ...given,
  });
  return view;
}

/** Events as a task keeps them. */
export const eventsOf = (thoughts: readonly Thought[]): TaskEvent[] =>
  thoughts.map((thought, index) => ({
    seq: index + 1,
    attempt: 1,
    timestamp: TIME,
    token: '',
    ...thought,
  }));

export const recordedTask = (
  thoughts: readonly Thought[],
  given: Partial<RecordedTaskView> = {},
  mad = 'fiedler',
): RecordedTask => ({ mad, view: taskView(given), events: eventsOf(thoughts) });

export const token = (text: string): Thought => ({ type: 'token', token: text });
export const call = (name: string, input: Record<string, unknown> = {}): Thought => ({
  type: 'tool_call',
  name,
  arguments: input,
});
export const result = (name: string, content: string): Thought => ({ type: 'tool_result', name, content });
