import type { Plan, TaskEvent, TaskStatus } from '@mad-group/protocol';

/** A piece of a task's work, in the order in which it came. */
export type Step =
  | { readonly type: 'plan'; readonly seq: number; readonly plan: Plan | null; readonly note: string }
  | {
      readonly type: 'tool';
      readonly seq: number;
      readonly name: string;
      readonly arguments: Readonly<Record<string, unknown>>;
      /** Null while it runs. */
      readonly result: string | null;
      readonly startedAt: string;
      readonly endedAt: string | null;
    };

/** A task as its events tell it. */
export interface TaskModel {
  /** Sequence number of the newest event that was taken in. */
  readonly seq: number;
  readonly attempt: number;
  readonly status: TaskStatus;
  readonly text: string;
  readonly steps: readonly Step[];
  /** Token events of this attempt. */
  readonly tokenEvents: number;
  /** Why the task begins again; null in its first attempt. */
  readonly retried: string | null;
  readonly error: { readonly message: string; readonly code: string } | null;
  readonly createdAt: string | null;
  readonly firstTokenAt: string | null;
  readonly endedAt: string | null;
}

export const NEW_TASK: TaskModel = {
  seq: 0,
  attempt: 1,
  status: 'PENDING',
  text: '',
  steps: [],
  tokenEvents: 0,
  retried: null,
  error: null,
  createdAt: null,
  firstTokenAt: null,
  endedAt: null,
};

export const hasEnded = (status: TaskStatus): boolean =>
  status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';

/** The task after its next event, the one numbered `model.seq + 1`. */
export function nextTask(model: TaskModel, event: TaskEvent): TaskModel {
  const { seq, attempt, timestamp, token } = event;
  // A new attempt answers anew: the text of the one before is no part of the answer.
  const base = attempt > model.attempt ? { ...model, attempt, text: '', steps: [], tokenEvents: 0 } : model;
  const next = { ...base, seq, createdAt: model.createdAt ?? timestamp };
  switch (event.type) {
    case 'token':
      return {
        ...next,
        text: next.text + token,
        tokenEvents: next.tokenEvents + 1,
        firstTokenAt: model.firstTokenAt ?? timestamp,
      };
    case 'attempt':
      return { ...next, retried: String(event.reason ?? '') };
    case 'state':
      return stateChanged(next, event);
    case 'plan': {
      const plan = (event.plan ?? null) as Plan | null;
      return { ...next, steps: [...next.steps, { type: 'plan', seq, plan, note: String(event.note ?? '') }] };
    }
    case 'tool_call':
      return { ...next, steps: [...next.steps, toolCalled(event)] };
    case 'tool_result':
      return { ...next, steps: withResult(next.steps, event) };
    default:
      // A MAD may be of a later version than the page: what is not known yet is only counted.
      return next;
  }
}

function stateChanged(model: TaskModel, event: TaskEvent): TaskModel {
  const status = event.status as TaskStatus;
  return {
    ...model,
    status,
    error: (event.error as TaskModel['error'] | undefined) ?? null,
    endedAt: hasEnded(status) ? event.timestamp : null,
  };
}

const toolCalled = (event: TaskEvent): Step => ({
  type: 'tool',
  seq: event.seq,
  name: String(event.name),
  arguments: (event.arguments ?? {}) as Record<string, unknown>,
  result: null,
  startedAt: event.timestamp,
  endedAt: null,
});

/** The result belongs to the oldest call of that name that still runs. */
function withResult(steps: readonly Step[], event: TaskEvent): Step[] {
  const index = steps.findIndex(
    (step) => step.type === 'tool' && step.name === event.name && step.result === null,
  );
  return steps.map((step, at) =>
    at === index && step.type === 'tool'
      ? { ...step, result: String(event.content ?? ''), endedAt: event.timestamp }
      : step,
  );
}
